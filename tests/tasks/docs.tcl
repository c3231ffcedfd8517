# docs.tcl: every command of docs/ is run, every piece of C there is compiled or stands in what is generated.
#
# The commands run in a copy of specs/ whose data is cut to its first rows and whose layers are narrow, with trainings of two
# steps and portable C by tcc; what the pages give to cc is compiled without optimisation. What is tested is that they are
# right, not what they learn. A page's sh blocks are one script that ends at the first error; its files (```c program=NAME)
# are written before.

set build [file dirname [file dirname $seqgen]]

# Texts cost the most a row; of the weather a year is needed for every word of it to occur.
proc rows_of {path} { return [expr {[regexp {names|sentiment} $path] ? 120 : 450}] }

# Blocks of a page that open with ```KIND: {rest-of-the-opening-line text ...}
proc blocks {page kind} {
    set found {}
    foreach {all rest text} [regexp -all -inline -line -- "(?n)^```${kind}(\[^\n\]*)\n((?:(?!```).*\n)*)```" [words $page]] {
        lappend found [string trim $rest] $text
    }
    return $found
}

proc cut {path rows} {
    set lines [split [text $path] \n]
    put $path [join [lrange $lines 0 $rows] \n]\n
}

proc narrow {path} {
    set text [regsub -all {batch: \d+} [text $path] {batch: 4}]
    put $path [regsub -all {(hidden|dim|out): \d+} $text {\1: 8}]
}

proc workshop {dir} {
    file mkdir $dir
    file copy {*}[glob $::root/specs/*.yaml] $dir
    if {$dir ne "reading"} { foreach path [glob $dir/*.yaml] { narrow $path } } ;# that page quotes what is generated
    file copy $::root/specs/data $dir
    foreach path [files_below $dir/data] {
        if {[file extension $path] in {.csv .tsv}} { cut $dir/data/$path [rows_of $path] }
        if {[file extension $path] eq ".txt"} { put $dir/data/$path [string range [text $dir/data/$path] 0 6000] }
    }
    file mkdir $dir/bin
    put $dir/bin/seqgen "#!/bin/sh
case \$1 in verify) set -- \"\$@\" --set train.batch=2 ;; esac
case \$1 in compare) set -- \"\$@\" --seeds 1 --set train.epochs=1 ;; esac
case \$1 in build|verify|compare) set -- \"\$@\" --target portable ;; esac
exec $::seqgen \"\$@\"\n"
    put $dir/bin/cc "#!/bin/sh\nexec [lindex [auto_execok $::cc] 0] \"\$@\" -O0\n"
    foreach name {seqgen cc} { file attributes $dir/bin/$name -permissions 0755 }
}

proc script {page} {
    set text "set -eu\nexport PATH=\"\$PWD/bin:\$PATH\" PKG_CONFIG_PATH=$::build/lib/pkgconfig\n"
    foreach {rest block} [blocks $page sh] { append text $block }
    set text [regsub -all -line {^tclsh (data/adding)/make.tcl$} $text {& \1 100 100}]
    set text [regsub -all -line {^tclsh (data/amp)/make.tcl$} $text {& \1 8000 1000}]
    return [regsub -all -line {^( *\./[$a-z_]+) train} $text {\1 train --steps 2}]
}

# "good", or what the page's commands said
proc page_run {name} {
    set page $::root/docs/$name.md
    workshop $name
    foreach {rest block} [blocks $page c] {
        if {[regexp {program=(\S+)} $rest all file]} { put $name/$file $block }
    }
    return [verdict [run -dir $name -timeout 900 -env $::quick sh -c [script $page]]]
}

foreach folder {docs runtime} { file link -symbolic $folder $root/$folder } ;# the commands start in specs/ and name what is beside it
foreach page [lsort [glob -directory $root/docs -tails *.md]] {
    if {$page eq "README.md"} continue
    if {$page eq "microcontroller.md" && ([auto_execok arm-none-eabi-gcc] eq "" || [auto_execok qemu-system-arm] eq "")} {
        skip commands/$page "no arm-none-eabi-gcc or qemu-system-arm; scripts/deps --long installs them"
        continue
    }
    test commands/$page { page_run [file rootname $page] } good
}
# A program's answers are the trainer's, for what the page says of it: characters beyond ASCII and unknown, no text, one that is too long.
test program/label {
    if {![file exists program/label]} { page_run program }
    set texts [list juliana robert Kim \u00e9lan {} [string repeat anna 6]]
    set said [lmap line [split [string trim [ran program/label {*}$texts] \n] \n] { regsub {^.*: (\w+), } $line {\1 } }]
    set expected [lmap line [lrange [split [string trim [ran -dir program ./names predict --load names.safetensors --quiet {*}$texts] \n] \n] 1 end] {
        set chances [lassign [split $line ,] class]
        list $class [format %.4f [expr max([join $chances ,])]]
    }]
    set apart [lmap found $said one $expected { expr {[lindex $found 0] ne [lindex $one 0] || abs([lindex $found 1] - [lindex $one 1]) > 0.00015} }]
    expr {$apart eq "0 0 0 0 0 0" && [llength [lsort -unique $said]] > 4 ? "same" : "$said instead of $expected"}
} same
test commands/README.md {
    verdict [run -dir $root sh -c "set -eu\n[lindex [blocks $root/docs/README.md sh] 1]\ntest -f first_names_lstm.yaml"]
} good

# The C that reading.md quotes stands in the files that it reads, word for word.
test quotes/reading.md {
    set model [words reading/model.c][words reading/stream.c]
    set missing {}
    foreach {rest block} [blocks $root/docs/reading.md c] {
        if {[string first $block $model] < 0} { lappend missing $block }
    }
    set missing
} {}

# The reference in specs/README.md is what --dump schema prints. Otherwise: the first line that differs
test reference/schema {
    regexp {<!-- schema:begin -->\n(.*)<!-- schema:end -->} [words $root/specs/README.md] -> page
    set differs {}
    foreach written [split $page \n] printed [split [ran $seqgen --dump schema] \n] {
        if {$written ne $printed} { lappend differs "specs/README.md: $written" "--dump schema: $printed"; break }
    }
    set differs
} {}

# Every page is reached from the first one, and every spec that a page names is there.
test links {
    set missing {}
    foreach page [glob -directory $root/docs *.md] {
        foreach {all target} [regexp -all -inline {\]\(([a-z_]+\.md)\)} [words $page]] {
            if {![file exists $root/docs/$target]} { lappend missing $target }
        }
        foreach {all spec} [regexp -all -inline {(?:^|[^$\w])([a-z_]+\.yaml)} [words $page]] {
            if {![file exists $root/specs/$spec]} { lappend missing $spec }
        }
        if {[file tail $page] ne "README.md" && [string first "([file tail $page])" [words $root/docs/README.md]] < 0} { lappend missing [file tail $page] }
    }
    set missing
} {}

# Every link to a heading, on the same page or another, finds it; the README's links find their files.
proc anchors {page} {
    lmap {all heading} [regexp -all -inline -line {^#+ +(.*)$} [words $page]] {
        string map {" " -} [regsub -all {[^\w -]} [string tolower $heading] {}]
    }
}
test links/headings {
    set missing {}
    foreach page [concat $root/README.md [glob $root/docs/*.md $root/*/README.md $root/tests/bench/README.md]] {
        foreach {all target heading} [regexp -all -inline {\]\(([^)#: ]*)(?:#([^)]+))?\)} [words $page]] {
            set other [expr {$target eq "" ? $page : [file join [file dirname $page] $target]}]
            if {![file exists $other]} { lappend missing "$page: $target"; continue }
            if {$heading ne "" && $heading ni [anchors $other]} { lappend missing "$page: $target#$heading" }
        }
    }
    set missing
} {}

# The README's ratios are the smallest and the largest of the tables they are from.
test figures/README.md {
    set wrong {}
    foreach {title said} {
        "A whole training step" {overhead: ([\d.]+) to ([\d.]+) times}
        "One LSTM layer" {an LSTM layer ([\d.]+) to ([\d.]+) times as fast as oneDNN}
        "One streaming step" {a streaming step ([\d.]+) to ([\d.]+) times as fast as RTNeural}
    } {
        if {![regexp $said [words $root/README.md] - least most]} { lappend wrong "README.md: no '$said'"; continue }
set page [words $root/docs/speed.md]
        set start [expr {[string first \n\n $page [string first "## $title" $page]] + 2}]
        set table [string range $page $start [string first \n\n $page $start]-1]
        set ratios {}
        foreach row [lrange [split $table \n] 2 end] {
            set cells [split $row |]
            set at [expr {[lsearch $cells { PyTorch }] + [lsearch $cells { oneDNN }] + [lsearch $cells { RTNeural }] + 2}]
            if {$at > 0} { lappend ratios [string trim [lindex $cells [expr {$at + 2}]]] }
        }
        set ratios [lsort -real $ratios]
        foreach written [list $least $most] measured [list [lindex $ratios 0] [lindex $ratios end]] {
            set digits [string length [lindex [split $written .] 1]]
            if {![string equal $written [format %.${digits}f $measured]]} { lappend wrong "README.md: $written, docs/speed.md: $measured" }
        }
    }
    set wrong
} {}
