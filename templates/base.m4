m4_changequote(<|,|>)m4_changecom()m4_dnl
m4_dnl base.m4: the syntax of every template, settled once: quotes <| and |>, no comment character, m4 -P -E -E.
m4_dnl
m4_dnl sg_defop(NAME, ARITY, BODY) defines an operation. m4 itself never checks how many arguments a call has; this does:
m4_dnl a call with another number of them ends m4 with an error.
m4_define(<|sg_shift3|>, <|m4_shift(m4_shift(m4_shift($@)))|>)m4_dnl
m4_define(<|sg_arity|>, <|m4_ifelse(<|$2|>, <|$3|>, <|$1__body(sg_shift3($@))|>,
  <|m4_errprint(<|templates: $1 takes $2 arguments, got $3
|>)m4_m4exit(1)|>)|>)m4_dnl
m4_define(<|sg_defop|>, <|m4_define(<|$1__body|>, <|$3|>)m4_define(<|$1|>, <|sg_arity(<|$1|>, <|$2|>, $|><|#, $|><|@)|>)|>)m4_dnl
