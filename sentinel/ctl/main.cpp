#include "sentinel/ctl/command_line.h"

int main(int argc, char** argv) { return sentinel::run_command_line(argc, argv, VIGIL_VERSION); }
