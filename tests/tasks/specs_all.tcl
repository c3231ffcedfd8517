# specs_all.tcl: every spec in specs/ as it stands: generated, compiled, two steps of training, the test part evaluated.
# Does not: train to the end; specs/RESULTS.md says what comes out then, and tests/torch/tasks.py trains the same in PyTorch.

# The specs with data beside them; those whose data a script makes have theirs made, shorter, in a directory of their own
proc specs_home {spec} {
    if {![regexp {^(adding|amp)_} $spec]} { return $::root/specs }
    if {![file exists $::tmp/made]} {
        file mkdir $::tmp/made/data/adding $::tmp/made/data/amp
        ran tclsh $::root/specs/data/adding/make.tcl $::tmp/made/data/adding 60 20
        ran tclsh $::root/specs/data/amp/make.tcl $::tmp/made/data/amp 8000 1000
        file copy {*}[glob $::root/specs/adding_*.yaml $::root/specs/amp_*.yaml] $::tmp/made
    }
    return $::tmp/made
}

# The first rows of the test part, and no validation: whole files take the quick compiler's code too long
proc less_data {home spec} {
    regexp {test: (\S+)} [text $home/$spec.yaml] all path
    set page $::tmp/page[file extension $path]
    set whole [text $home/$path]
    put $page [expr {[file extension $path] eq ".txt" ? [string range $whole 0 1999] : "[join [lrange [split $whole \n] 0 60] \n]\n"}]
    set text [expr {[string match sotu_* $spec] ? "train.batch=2" : {}}]
    return [list [list data.valid=0 train.patience=0 {*}$text] [list --data $page]]
}

# Two steps and an evaluation: the keys of its figures
proc short_run {spec} {
    set home [specs_home $spec]
    lassign [less_data $home $spec] build_less eval_less
    set result [inplace -dir $home run $home/$spec.yaml {*}$build_less -- train --steps 2 --quiet --save $::tmp/w.safetensors \
        -- eval --load $::tmp/w.safetensors --json {*}$eval_less]
    if {[dict get $result code] ne "0"} { error [run_text $result] }
    set json [dict get $result out]
    return [lmap key {loss count accuracy perplexity rmse} {
        if {![regexp "\"$key\": *\[0-9\]" $json]} continue
        set key
    }]
}

# What each task's evaluation holds
set figures {
    adding {loss count rmse} amp {loss count rmse} first_names {loss count accuracy} sentiment {loss count accuracy} sotu {loss count accuracy perplexity}
    storms {loss count accuracy} sunspots {loss count rmse} tomorrow {loss count rmse} weather {loss count rmse}
    weather_word {loss count accuracy}
}

foreach path [lsort [glob $root/specs/*.yaml]] {
    set spec [file rootname [file tail $path]]
    set task [string range $spec 0 [string last _ $spec]-1]
    test $spec [list short_run $spec] [expr {[dict exists $figures $task] ? [dict get $figures $task] : "a task known to this test"}]
}

foreach {task sizes} {amp {200 200} adding {3 1 10}} {
    test ${task}_same_bytes {
        ran tclsh $root/specs/data/$task/make.tcl $tmp {*}$sizes
        file mkdir again
        ran tclsh $root/specs/data/$task/make.tcl $tmp/again {*}$sizes
        list [expr {[text train.csv] eq [text again/train.csv]}] [expr {[text train.csv] eq [text test.csv]}]
    } {1 0}
}
test adding_sum {
    set odd {}
    foreach line [lrange [split [string trim [text train.csv]] \n] 1 end] {
        set sum 0
        foreach {v m} [lrange [split $line ,] 0 end-1] { set sum [expr {$sum + $v * $m}] }
        if {abs($sum - [lindex [split $line ,] end]) > 1e-9} { lappend odd $line }
    }
    list [llength [split $line ,]] $odd
} {21 {}}
