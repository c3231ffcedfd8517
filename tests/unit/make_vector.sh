#!/bin/sh
# make_vector.sh REAL TARGET [BYTES]: the vector block of templates/isa/vector.m4 as C text on standard output.
# REAL: float or double; TARGET: any or portable; BYTES: of the widest vectors, 64 or 32 (default 64).
set -eu
printf '#include <math.h>\n#include <stdint.h>\n#include <string.h>\n'
root=$(cd "$(dirname "$0")/../.." && pwd)
{
    printf 'm4_changequote(<|,|>)m4_changecom<||>m4_dnl\nm4_define(<|sg_widest|>, <|%s|>)m4_dnl\n' "${3:-64}"
    cat "$root/templates/isa/vector.m4"
    printf 'sg_vector_words(<|%s|>, <|%s|>)\nsg_vector_block(<|%s|>, <|%s|>)' "$1" "$2" "$1" "$2"
} | m4 -P -E -E
