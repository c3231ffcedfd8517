m4_dnl each.m4: a program on every row and every vector of units (KERNEL_EACH).
m4_dnl
m4_dnl sg_each_begin(NAME, COMMENT, PARAMS, UNITS, shared (threads share the units) or nothing); then sg_load.. of tile.m4; then sg_each_end
sg_defop(<|sg_each_begin|>, 5, <|
/* $2 */
static void $1(m4_ifelse(<|$5|>, <|shared|>, <|const Share *s, |>)const int rows, $3)
{
m4_ifelse(<|$5|>, <|shared|>, <|    const Range units = share_range(s, $4, W);
|>)m4_dnl
    for (ptrdiff_t at = 0; at < rows; at++)
        for (m4_ifelse(<|$5|>, <|shared|>, <|int v = (int)units.first; v < units.end|>, <|int v = 0; v < $4|>); v += W) {|>)m4_dnl
sg_defop(<|sg_each_end|>, 0, <|        }
}|>)m4_dnl
m4_dnl
m4_dnl sg_flat_begin(NAME, COMMENT, PARAMS): the same over a range of one long array: the optimiser's pass
sg_defop(<|sg_flat_begin|>, 3, <|
/* $2 */
static void $1(const Range range, $3)
{
    for (ptrdiff_t v = range.first; v < range.end; v += W) {|>)m4_dnl
sg_defop(<|sg_flat_end|>, 0, <|    }
}|>)m4_dnl
sg_defop(<|sg_flat_load|>, 2, <|        const V $1 = v_get($2 + v);|>)m4_dnl
sg_defop(<|sg_flat_let|>, 2, <|        const V $1 = $2;|>)m4_dnl
sg_defop(<|sg_flat_store|>, 2, <|        v_put($1 + v, $2);|>)m4_dnl
