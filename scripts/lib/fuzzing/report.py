"""What a fuzz run found, for people and in JUnit's XML."""

import pathlib
import xml.etree.ElementTree as ElementTree

HEADER = ("target", "executions", "exec/s", "coverage", "findings")


def print_table(results):
    rows = [HEADER]
    for result in results:
        rows.append((result.target, str(result.executions), str(result.a_second), str(result.coverage),
                     "1" if result.failed else "0"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        print("  ".join(cells))


def print_findings(results):
    """Says how to see each finding again; returns the exit status."""
    findings = [result for result in results if result.failed]
    for result in findings:
        print(f"\n{result.target}: {result.failure}")
        if result.artifact:
            print(f"  again:   build/fuzz/tests/fuzz/fuzz_{result.target} {result.artifact}")
            print(f"  smaller: build/fuzz/tests/fuzz/fuzz_{result.target} -minimize_crash=1 -runs=100000 "
                  f"{result.artifact}")
    return 1 if findings else 0


def write_junit(path, outcomes):
    """`outcomes`: pairs of a target and its result, which is None if it was skipped."""
    suite = ElementTree.Element("testsuite", name="fuzz", tests=str(len(outcomes)))
    for target, result in outcomes:
        case = ElementTree.SubElement(suite, "testcase", name=f"fuzz.{target}")
        if result is None:
            ElementTree.SubElement(case, "skipped", message="no clang++ with libFuzzer")
        elif result.failed:
            ElementTree.SubElement(case, "failure", message=f"{result.failure} {result.artifact}")
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(path, encoding="unicode", xml_declaration=True)
