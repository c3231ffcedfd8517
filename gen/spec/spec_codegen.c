/* spec_codegen.c: the codegen section.
 *
 * Takes: its map (or none: all defaults). Gives: CodegenSpec. Does not: check a budget (plan/ does).
 */
#include "reader.h"

#define FIELD(member) offsetof(CodegenSpec, member)
#define BUDGET(key_, member, help_) {.key = key_, .type = SCHEMA_INT, .offset = FIELD(member), .min = 1, .max = 1e15, .help = help_}

const char *const unroll_names[] = {"auto", "full", "none", NULL};      /* by Unroll */
const char *const real_names[] = {"float32", "float64", NULL};
const char *const target_machine_names[] = {"host", "portable", "x86-64", "x86-64-v3", "x86-64-v4", "aarch64", "cortex-m", NULL}; /* by Target */

const SchemaField codegen_fields[] = {
    {.key = "unroll", .type = SCHEMA_CHOICE, .offset = FIELD(unroll), .fallback = "auto", .choices = unroll_names,
     .help = "the time loop as straight-line calls (full), as a loop (none), or within max_lines (auto)"},
    {.key = "real", .type = SCHEMA_CHOICE, .offset = FIELD(real_bytes), .fallback = "float32", .choices = real_names, .help = "type of weights and activations"},
    {.key = "target", .type = SCHEMA_CHOICE, .offset = FIELD(target), .fallback = "host", .choices = target_machine_names,
     .help = "machine; x86-64: all levels in one file, chosen at start; portable: strict C11, vectors left to the compiler; cortex-m: for a core without any"},
    BUDGET("max_ram", max_ram, "bytes of memory the model may take; exceeding it is an error before anything is written; default: no limit"),
    BUDGET("max_flash", max_flash, "bytes of code and constants, predicted: to within a third of what gcc 12 -O2 makes of the file, libraries aside; default: no limit"),
    BUDGET("max_lines", max_lines, "lines of generated C; default: no limit"),
    {.key = NULL},
};

_Static_assert(sizeof(Unroll) == sizeof(int) && sizeof(Target) == sizeof(int), "choices are read as int");

bool read_codegen(Reader *reader, const Node *map, Spec *spec)
{
    const SchemaPart part = {codegen_fields, &spec->codegen};
    const bool good = schema_read(reader, map, (Loc){0, 0}, "codegen", &part, 1);
    spec->codegen.real_bytes = spec->codegen.real_bytes == 1 ? 8 : 4; /* read as an index of real_names */
    return good;
}
