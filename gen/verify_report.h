/* verify_report.h: the table of `seqgen verify`, as text or as JSON. */
#ifndef SEQGEN_VERIFY_REPORT_H
#define SEQGEN_VERIFY_REPORT_H

#include "cli.h"
#include "verify_compare.h"

/* Prints every line (--quiet: those that are not ok) and a summary; true if all are ok. note: what was not checked, or NULL. */
bool verify_report(const Cli *cli, const char *name, const VerifyLines *lines, double seconds, const char *note);

#endif
