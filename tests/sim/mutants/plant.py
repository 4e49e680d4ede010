#!/usr/bin/env python3
"""Copies sentinel/core with every mutant of mutants.py planted, each behind a switch.

    plant.py SOURCE_ROOT OUTPUT_ROOT

The text that a mutant replaces must be there exactly once: a mutant that no
longer fits the code stops the build instead of testing nothing.
"""

import pathlib
import re
import sys

from mutants import MUTANTS


INTERFACE = "coordinator.h"  # All that the simulated world, compiled once, sees of the core.


def reachable(files, name, seen):
    """Headers of the core that this one includes, and it."""
    if name not in seen:
        seen.add(name)
        for other in re.findall(r'#include "sentinel/core/([a-z_]+\.h)"', files[name]):
            reachable(files, other, seen)
    return seen


def main():
    source, output = (pathlib.Path(argument) for argument in sys.argv[1:])
    files = {path.name: path.read_text() for path in sorted((source / "sentinel/core").glob("*.[ch]*"))}
    touched = set()
    for index, mutant in enumerate(MUTANTS):
        text = files[mutant.file]
        if text.count(mutant.find) != 1:
            sys.exit(f"{mutant.name}: found {text.count(mutant.find)} times in {mutant.file}:\n{mutant.find}")
        if "MUTANT" not in mutant.put:
            sys.exit(f"{mutant.name}: its text has no MUTANT switch")
        files[mutant.file] = text.replace(mutant.find, mutant.put.replace("MUTANT", f"::sentinel::is_mutant({index})"))
        touched.add(mutant.file)
    shared = touched & reachable(files, INTERFACE, set())
    if shared:
        sys.exit(f"mutants in {', '.join(sorted(shared))}: the simulated world would not be compiled with them")
    for name in touched:
        files[name] = '#include "tests/sim/mutants/mutant.h"\n' + files[name]
    names = ", ".join(f'"{mutant.name}"' for mutant in MUTANTS)
    faults = ", ".join(f'"{mutant.faults}"' for mutant in MUTANTS)
    stock = ", ".join(str(mutant.stock).lower() for mutant in MUTANTS)
    files["mutant_names.cpp"] = (
        '#include "tests/sim/mutants/mutant.h"\n\nnamespace sentinel {\n'
        f"const int kMutantCount = {len(MUTANTS)};\nconst char* const kMutantNames[] = {{{names}}};\n"
        f"const char* const kMutantFaults[] = {{{faults}}};\nconst bool kMutantStock[] = {{{stock}}};\n}}\n")
    folder = output / "sentinel/core"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        if not (folder / name).exists() or (folder / name).read_text() != text:
            (folder / name).write_text(text)


if __name__ == "__main__":
    main()
