# bad.tcl: wrong specs. Each NAME.yaml here ends with exit code 2, in less than a second of processor time (a loaded
# machine may take longer by the clock), with exactly NAME.err on standard error, and leaves no file behind. SEQGEN_UPDATE=1 writes the .err files anew: read the difference.

proc refuse {spec} {
    file delete -force out
    file mkdir out
    set result [run -timeout 30 -dir [file dirname $spec] sh -c {ulimit -t 1; exec "$@"} sh \
        $::seqgen [file tail $spec] -o [file join $::tmp out model.c]]
    set left [files_below out]
    if {$left ne ""} { error "left behind: $left" }
    if {[dict get $result out] ne ""} { error "standard output: [dict get $result out]" }
    return "[dict get $result code] [dict get $result err]"
}

foreach spec [lsort [glob -nocomplain -directory $here *.yaml]] {
    set golden [file rootname $spec].err
    set name [file rootname [file tail $spec]]
    if {[env_or SEQGEN_UPDATE 0]} { put $golden [encoding convertto utf-8 [regsub {^\S+ } [refuse $spec] ""]] }
    test $name {refuse $spec} "2 [expr {[file exists $golden] ? [words $golden] : "no $name.err"}]"
}

# ---- made ones: too large, too deep or too odd to keep as files ----

set good [words $root/specs/first_names_lstm.yaml]
set good [string map [list data/first_names $root/specs/data/first_names] $good]

proc refuse_text {bytes} {
    put $::tmp/made.yaml $bytes
    return [refuse $::tmp/made.yaml]
}

# The message names the file and a line, and matches the pattern.
proc made {name bytes pattern} {
    set ::bytes $bytes
    test $name {refuse_text $::bytes} "/^2 made.yaml:.*error: .*($pattern)/"
}

test good_is_good {
    put good.yaml $good
    dict get [run $seqgen good.yaml --dump spec] code
} 0
made empty "" ""
made blank "\n\n   \n" ""
made comment_only "# nothing\n" ""
made binary [binary format H* [string repeat 007fff80c1 200]] ""
made nul "seqgen: 1\nname: a\x00b\n" ""
made not_utf8 "seqgen: 1\nname: \xff\xfe\n" ""
made utf16 "\xff\xfes\x00e\x00q\x00" ""
made deep_flow "seqgen: 1\nmodel: [string repeat {[} 5000][string repeat {]} 5000]\n" "deep|depth"
made deep_unclosed "model: [string repeat "\{a: " 5000]" ""
set deep "seqgen: 1\n"
for {set i 0} {$i < 5000} {incr i} { append deep "[string repeat { } $i]a:\n" }
made deep_block [string range $deep 0 900000] ""
made large "$good# [string repeat x 3000000]\n" ""
made large_list "seqgen: 1\nmodel: \[[string repeat {last, } 100000]last\]\n" ""
made two_documents "$good---\n$good" "document"
made anchor "seqgen: &a 1\nname: *a\n" "anchor|alias"
made tag "seqgen: !!int 1\n" "tag"
made merge "seqgen: 1\ntrain:\n  <<: {lr: 1}\n" ""
made scalar "42\n" ""
made list "- 1\n- 2\n" ""
made bomb "a: &a \[x, x\]\nb: &b \[*a, *a\]\nc: &c \[*b, *b\]\nseqgen: 1\n" "anchor|alias"
made long_line "seqgen: 1\nnonsense: [string repeat y 200000]\n" ""

# Places where there is no spec at all
test missing_file {
    set result [run $seqgen nowhere.yaml -o model.c]
    list [dict get $result code] [regexp {nowhere\.yaml} [dict get $result err]] [file exists model.c]
} {2 1 0}
test directory {
    file mkdir folder
    set result [run $seqgen folder -o model.c]
    file delete folder
    list [dict get $result code] [file exists model.c]
} {2 0}
# Every prefix of a good spec either works or says where it stops; none crashes
test prefixes {
    set odd {}
    for {set i 0} {$i < [string length $good]} {incr i 7} {
        put part.yaml [string range $good 0 $i]
        set result [run -timeout 10 $seqgen part.yaml --dump spec]
        if {[dict get $result code] ni {0 2} || ([dict get $result code] == 2 && [dict get $result err] eq "")} {
            lappend odd "$i: [dict get $result code]"
        }
    }
    set odd
} {}

# One byte replaced, over the whole file: the same
test mutations {
    set odd {}
    for {set i 0} {$i < [string length $good]} {incr i 13} {
        foreach byte [list "\x00" "\x7b" ":" "\xff"] {
            put part.yaml [string replace $good $i $i $byte]
            set result [run -timeout 10 $seqgen part.yaml --dump spec]
            if {[dict get $result code] ni {0 2}} { lappend odd "$i: [dict get $result code]" }
        }
    }
    set odd
} {}
