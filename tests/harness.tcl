# harness.tcl: runs test files, counts, keeps nothing behind.
#
# Takes: tclsh harness.tcl FILE.tcl ...   Gives: a line a failure, a summary line a file, exit 1 on any failure, 77 (ctest: skipped)
# where no test has the name that SEQGEN_TEST wants.
# A test file is plain Tcl; it is sourced here, in a temporary directory of its own, and may use
#
#   test NAME BODY EXPECTED     BODY's result must equal EXPECTED, or match it when that is written /REGEXP/
#   run ?-dir D? ?-in TEXT? ?-timeout S? ?-env {K V ..}? COMMAND ARG ...
#                               returns a dict: code (exit code, or a signal's name), out, err, ms
#   ran COMMAND ARG ...         as run; its standard output; an error unless it exits 0
#   verdict RESULT              of run: "good" for exit code 0, else everything it left
#   skip NAME WHY               counted and shown, neither passed nor failed
#   put FILE TEXT, text FILE    write, read a file as bytes
#   inplace ?-dir D? ARG ...    as run, of tools/inplace.c: `verify SPEC KEY=VALUE ..` or `run SPEC KEY=VALUE .. -- ARG ..`
#   $seqgen $stcompare $cc $quick $vectors $native $root $here $tmp
#
# Does not: know what seqgen is. A file with an error in it, or without a single test, fails.
#
# Environment: SEQGEN (binary), SEQGEN_TOOLS (directory of the tests' C tools), CC, SEQGEN_KEEP=1 (keep temporary
# directories), SEQGEN_TEST=GLOB (only tests of that name), SEQGEN_TIMES=1 (what each took).

package require Tcl 8.6
encoding system utf-8

set root [file dirname [file dirname [file normalize [info script]]]]

proc env_or {name fallback} {
    return [expr {[info exists ::env($name)] ? $::env($name) : $fallback}]
}

set seqgen [file normalize [env_or SEQGEN $root/build/bin/seqgen]]
set tools [env_or SEQGEN_TOOLS [file dirname [file dirname $seqgen]]/tests]
set stcompare $tools/stcompare
set cc [env_or CC cc]

# Settings of `run -env` and an option of seqgen's, for programs that are run once. quick: portable C by tcc, which compiles in
# no time and knows no extension. vectors: what this machine's vectors are for, by a compiler that has them ($native: its flag).
set quick [list CC [expr {[auto_execok tcc] eq "" ? $cc : "tcc"}] CFLAGS -O0]
set native [expr {[exec uname -m] in {x86_64 i686} ? "-march=native" : "-mcpu=native"}]
set vectors [list CC $cc CFLAGS "-O0 $native"]
set timeout [auto_execok timeout] ;# a test may change PATH
set passed 0
set failed 0
set skipped 0

# ---- files ----

proc put {path text} {
    file mkdir [file dirname $path]
    set channel [open $path w]
    fconfigure $channel -translation binary
    puts -nonewline $channel $text
    close $channel
}

proc text {path} {
    set channel [open $path r]
    fconfigure $channel -translation binary
    set data [read $channel]
    close $channel
    return $data
}

# A file's text as characters, not bytes
proc words {path} { return [encoding convertfrom utf-8 [text $path]] }

# Every file below a directory, sorted, relative to it
proc files_below {dir {prefix {}}} {
    set all {}
    foreach path [lsort [glob -nocomplain -directory $dir * .?*]] {
        set tail [file tail $path]
        if {$tail eq ".."} continue
        if {[file isdirectory $path]} {
            lappend all {*}[files_below $path $prefix$tail/]
        } else {
            lappend all $prefix$tail
        }
    }
    return $all
}

# ---- commands ----

# The exit code in what `exec` threw, or the signal's name
proc exit_code {options} {
    set code [dict get $options -errorcode]
    switch -- [lindex $code 0] {
        NONE        { return 0 }
        CHILDSTATUS { return [lindex $code 2] }
        CHILDKILLED { return [lindex $code 2] }
        default     { return "not run: [lindex [split [dict get $options -errorinfo] \n] 0]" }
    }
}

proc run {args} {
    set options {-dir . -in {} -timeout 300 -env {}}
    while {[dict exists $options [lindex $args 0]]} {
        set args [lassign $args key value]
        dict set options $key $value
    }
    set scratch $::tmp.io
    file mkdir $scratch
    put $scratch/in [encoding convertto utf-8 [dict get $options -in]]
    set command [list {*}$::timeout [dict get $options -timeout] {*}$args]
    set before [array get ::env]
    foreach {k v} [dict get $options -env] { set ::env($k) $v }
    set back [pwd]
    cd [dict get $options -dir]
    set start [clock milliseconds]
    set code 0
    if {[catch {exec {*}$command <$scratch/in >$scratch/out 2>$scratch/err} message details]} {
        set code [exit_code $details]
    }
    set ms [expr {[clock milliseconds] - $start}]
    cd $back
    foreach {k v} [dict get $options -env] { unset ::env($k) }
    array set ::env $before
    return [dict create code $code out [words $scratch/out] err [words $scratch/err] ms $ms command $args]
}

# Portable C's numbers, in one process; where its library is not installed, by seqgen's own commands and programs.
proc inplace {args} {
    set dir .
    if {[lindex $args 0] eq "-dir"} { set args [lassign $args - dir] }
    if {[file executable $::tools/inplace]} { return [run -dir $dir $::tools/inplace {*}$args] }
    set runs [lassign [list_split $args --] head]
    set settings [lassign $head what spec]
    set sets [concat {*}[lmap setting $settings { list --set $setting }]]
    if {$what eq "verify"} { return [run -env $::quick $::seqgen verify $spec --target portable {*}$sets] }
    set result [run -env $::quick $::seqgen build $spec -o $::tmp/inplace --quiet --target portable {*}$sets]
    foreach words $runs {
        if {[dict get $result code] ne "0"} { break }
        set before [dict get $result out]
        set result [run -dir $dir $::tmp/inplace {*}$words]
        dict set result out $before[dict get $result out]
    }
    return $result
}

# The lists between the words that equal `word`
proc list_split {list word} {
    set parts {}
    while {[set end [lsearch -exact $list $word]] >= 0} {
        lappend parts [lrange $list 0 $end-1]
        set list [lrange $list $end+1 end]
    }
    return [lappend parts $list]
}

# What a failed command left, for a message
proc run_text {result} {
    return "[dict get $result command]\nexit [dict get $result code]\nstdout: [dict get $result out]\nstderr: [dict get $result err]"
}

# "good", or what the failed command left
proc verdict {result} { return [expr {[dict get $result code] eq "0" ? "good" : [run_text $result]}] }

proc ran {args} {
    set result [run {*}$args]
    if {[dict get $result code] ne "0"} { error [run_text $result] }
    return [dict get $result out]
}

# ---- tests ----

proc matches {found expected} {
    if {[regexp {^/(.*)/$} $expected -> pattern]} { return [regexp -- $pattern $found] }
    return [expr {$found eq $expected}]
}

proc selected {name} { return [string match [env_or SEQGEN_TEST *] $name] }

proc test {name body expected} {
    if {![selected $name]} return
    set start [clock milliseconds]
    set threw [catch {uplevel #0 $body} found options]
    if {[env_or SEQGEN_TIMES 0]} { puts "[format %7d [expr {[clock milliseconds] - $start}]] ms $name" }
    if {$threw} {
        incr ::failed
        puts "FAIL $name: error: $found\n  [join [lrange [split [dict get $options -errorinfo] \n] 1 5] "\n  "]"
    } elseif {![matches $found $expected]} {
        incr ::failed
        puts "FAIL $name\n  expected: $expected\n  found:    $found"
    } else {
        incr ::passed
        return
    }
    flush stdout
}

proc skip {name why} {
    if {![selected $name]} return
    incr ::skipped
    puts "SKIP $name: $why"
}

# ---- a file ----

proc leave {name} {
    cd $::root
    if {[env_or SEQGEN_KEEP 0]} {
        puts "$name: kept $::tmp"
    } else {
        file delete -force $::tmp $::tmp.io
    }
}

proc run_file {path} {
    global tmp here root passed failed skipped
    set before [list $passed $failed $skipped]
    set name [string map [list $root/ ""] [file rootname $path]]
    set here [file dirname $path]
    set tmp [env_or TMPDIR /tmp]/seqgen-[string map {/ -} $name]-[pid]
    file mkdir $tmp
    cd $tmp
    set start [clock milliseconds]
    if {[catch {uplevel #0 [list source $path]} message options]} {
        incr failed
        puts "FAIL $name: [dict get $options -errorinfo]"
    }
    leave $name
    lassign $before p f s
    set p [expr {$passed - $p}]; set f [expr {$failed - $f}]; set s [expr {$skipped - $s}]
    if {$p + $f + $s == 0 && [env_or SEQGEN_TEST *] eq "*"} {
        incr failed; incr f
        puts "FAIL $name: the file holds no test"
    }
    set seconds [format %.1f [expr {([clock milliseconds] - $start) / 1000.0}]]
    puts "$name: $p passed, $f failed[expr {$s ? ", $s skipped" : ""}] in $seconds s"
}

set harness_files [lmap file $argv {file normalize $file}]
if {![llength $harness_files]} {
    puts stderr "usage: tclsh harness.tcl FILE.tcl ..."
    exit 2
}
foreach harness_file $harness_files { run_file $harness_file }
if {$passed + $failed + $skipped == 0} {
    puts stderr "harness: found no test named '[env_or SEQGEN_TEST *]' (SEQGEN_TEST) in [join $argv]"
    exit 77
}
exit [expr {$failed > 0}]
