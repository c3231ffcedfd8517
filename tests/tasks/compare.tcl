# compare.tcl: seqgen compare and train --report: tables, results.json, the page; what is refused, what fails, what is left.

package require Tcl 8.6

# ---- data: small enough for tcc ----

# A word's class is whether its first letter is an a. One text tries to be HTML: no network can learn its label.
set rows "text,kind\n"
set odd {<script>alert('&')</script>}
for {set i 0} {$i < 60} {incr i} {
    set letter [lindex {a b} [expr {$i % 2}]]
    append rows "[string repeat $letter [expr {1 + $i % 5}]]x,[lindex {first "second <i>"} [expr {$i % 2}]]\n"
}
put data/train.csv $rows
put data/test.csv "$rows$odd,first\n$odd,second <i>\n"
set series "n,m\n"
for {set i 0} {$i < 260} {incr i} { append series "[expr {sin($i / 5.0)}],[expr {$i % 7}]\n" }
put data/series.csv $series
put data/text.txt [string repeat "the cat & the <dog> sat on the mat. " 60]

proc spec {name data model {train {}}} {
    put $name.yaml "seqgen: 1\nname: $name\ndata:\n  $data\nmodel:\n$model\ntrain: {epochs: 2, batch: 16$train}\n"
}
set words "train: data/train.csv\n  valid: 0.2\n  test: data/test.csv\n  input: {chars: text}\n  target: {class: kind}\n  max_length: 8"
set rnn "  - embedding: {dim: 4}\n  - rnn: {hidden: 6}\n  - last\n  - linear: {out: classes}"
set mlp "  - embedding: {dim: 4}\n  - flatten\n  - linear: {out: classes}"
spec kind_rnn $words $rnn {, optimizer: {adam: {lr: 0.02}}}
spec kind_mlp $words $mlp
spec kind_burst $words $rnn {, optimizer: {sgd: {lr: 1e30}}}
spec kind_other [string map {data/test.csv data/train.csv} $words] $rnn
spec kind_more [string map {"class: kind" "class: kind, classes: [first, 'second <i>', third]"} $words] $rnn
set ahead "train: data/series.csv\n  valid: 0.3\n  input: {columns: \[n, m], normalize: standard}\n"
append ahead "  target: {forecast: {columns: \[n, m], horizon: 2}}\n  window: {length: 6}"
spec ahead_rnn $ahead "  - rnn: {hidden: 5}\n  - last\n  - linear: {out: targets}"
set next "train: data/text.txt\n  valid: 0.2\n  input: {text: true}\n  target: {next: true}\n  window: {length: 12, carry_state: true}"
spec next_rnn $next "  - rnn: {hidden: 8}\n  - linear: {out: vocab}"

proc compare {args} { return [run -env $::quick $::seqgen compare {*}$args --target portable] }
proc code {args} { return [dict get [compare {*}$args] code] }

# The page without what any page may hold
proc page {dir} { return [words $dir/report.html] }
proc count {pattern text} { return [regexp -all -- $pattern $text] }

# ---- two specs, two seeds ----

set result [compare kind_rnn.yaml kind_mlp.yaml -o out --seeds 2]
test runs { verdict $result } good
test table { lmap line [lrange [split [dict get $result out] \n] 0 2] { lindex $line 0 } } {model kind_rnn kind_mlp}
test finding { dict get $result out } {/(rnn|mlp) is best: accuracy [01]\.\d{3} \([01]\.\d{3} to [01]\.\d{3} over 2 seeds\), .*(points (above|below)|level with) /}
test a_line_a_run { count {seed [12]: accuracy} [dict get $result err] } 4
test log_is_kept { count {seed [12]: accuracy} [text out/compare.log] } 4
test files {
    lmap file [lsort [files_below out]] { set file }
} [lsort {compare.log results.json report.html kind_rnn/trainer kind_mlp/trainer kind_rnn/seed-1.csv kind_rnn/seed-2.csv
    kind_mlp/seed-1.csv kind_mlp/seed-2.csv kind_rnn/seed-1.safetensors kind_rnn/seed-2.safetensors
    kind_mlp/seed-1.safetensors kind_mlp/seed-2.safetensors kind_rnn/details.csv}]

# Figures of one model in results.json, in the order of its seeds, then median, min, max
proc figures {json name} {
    if {![regexp "\"name\": \"$name\".*?\"figure\": \\\{(.*?)\\\}.*?\"runs\": \\\[(.*?)\n   \\\]" $json -> summary runs]} { error "no $name in $json" }
    set all [lmap {-> v} [regexp -all -inline {"figure": ([-0-9.e]+)} $runs] { set v }]
    foreach key {median min max} {
        regexp "\"$key\": (\[-0-9.e]+)" $summary -> v
        lappend all $v
    }
    return $all
}
set json [text out/results.json]
test median_of_seeds {
    lmap name {kind_rnn kind_mlp} {
        lassign [figures $json $name] a b median min max
        expr {abs(($a + $b) / 2 - $median) < 1e-6 && min($a, $b) == $min && max($a, $b) == $max}
    }
} {1 1}
test figure_is_the_weights_own {
    # What the table says of a run, its weights say again
    lassign [figures $json kind_mlp] a
    regexp {"accuracy":\s*([0-9.e-]+)} [ran out/kind_mlp/trainer eval --load out/kind_mlp/seed-1.safetensors --json] -> again
    expr {abs($a - $again) < 1e-6}
} 1
test split { # another seed cuts the same validation part
    spec kind_seven $words $rnn {, seed: 7, optimizer: {adam: {lr: 0.02}}}
    compare kind_rnn.yaml kind_seven.yaml -o split --seeds 1
    foreach name {rnn seven} {
        ran split/kind_$name/trainer eval --load split/kind_$name/seed-1.safetensors --part valid --details $name.csv
        set judged($name) [lmap line [lrange [::split [text $name.csv] \n] 1 end] { lindex [::split $line ,] 0 }]
    }
    list [llength $judged(rnn)] [expr {$judged(rnn) eq $judged(seven)}]
} {13 1}
test seeds_differ { expr {[text out/kind_rnn/seed-1.csv] ne [text out/kind_rnn/seed-2.csv]} } 1

# ---- the page ----

test page_is_self_contained {
    # No script, no address but the names of SVG's own language
    set html [string map {http://www.w3.org/2000/svg {} http://www.w3.org/1999/xlink {}} [page out]]
    list [count {<script} $html] [count {https?:} $html] [count {(src|@import|url\()} $html]
} {0 0 0}
test page_plots { count {<svg } [page out] } 2
test page_plots_have_colours_of_the_page { list [count {rgb\(} [regsub -all {rgb\(var\(--heat\)} [page out] {}]] [expr {[count {var\(--s0\)} [page out]] > 4}] } {0 1}
test page_labels { list [count {@\d+@} [page out]] [expr {[count {<text>mlp</text>} [page out]] >= 2}] } {0 1}
test page_confusion { count {<td[^>]*style="--v:} [page out] } 4
test page_escapes_data { list [count {second <i>} [page out]] [expr {[count {second &lt;i&gt;} [page out]] > 1}] } {0 1}
test page_escapes_texts { list [count {alert\('} [page out]] [count {alert\(&#39;&amp;&#39;\)} [page out]] } {0 1}
test page_is_well_formed {
    # Every element that is opened is closed
    set html [regsub -all {<!DOCTYPE html>|<(meta|br)[^>]*>|<[^>]*/>} [page out] {}]
    set open {}
    foreach {-> end name} [regexp -all -inline {<(/?)([a-z0-9]+)[^>]*>} $html] {
        if {$end eq ""} { lappend open $name } elseif {[lindex $open end] eq $name} { set open [lrange $open 0 end-1] } else { lappend open "!/$name" }
    }
    set open
} {}
test page_anew {
    set before [text out/report.html]
    file delete out/report.html
    set again [dict get [run $seqgen compare -o out] code]
    list $again [expr {[text out/report.html] eq $before}]
} {0 1}
test page_without_gnuplot {
    file mkdir nothing
    file copy out bare
    set result [run -env {PATH nothing} $seqgen compare -o bare]
    list [dict get $result code] [count {apt-get install gnuplot-nox} [dict get $result err]] [count {No plot here} [page bare]] [count {<svg } [page bare]]
} {0 1 2 0}
test page_of_nonsense {
    put junk/results.json "{\"format\": 1, \"models\": 3}"
    set result [run $seqgen compare -o junk]
    list [dict get $result code] [count {junk/results\.json} [dict get $result err]] [file exists junk/report.html]
} {5 1 0}

# ---- other tasks ----

test forecast { code ahead_rnn.yaml -o ahead --seeds 1 } 0
test forecast_page { list [count {Forecast and truth} [page ahead]] [count {<svg } [page ahead]] [count {The largest errors} [page ahead]] [count {to repeat the value before gives} [page ahead]] } {1 5 2 2}
# A figure a column; the errors under it are those that eval gave: of all columns, n and m, one step ahead, then two
test forecast_ahead {
    set results [text ahead/results.json]
    set errors [lmap {- error} [regexp -all -inline {"rmse": ([0-9.e-]+)} [string range $results [string first {"steps"} $results] end]] { format %.4g $error }]
    set found [lmap {- one two} [regexp -all -inline {<b>([0-9.e-]+) one step ahead, ([0-9.e-]+) 2 steps ahead, by} [page ahead]] { list $one $two }]
    expr {$found eq [list [list [lindex $errors 1] [lindex $errors 4]] [list [lindex $errors 2] [lindex $errors 5]]] ? "same" : "$found beside $errors"}
} same
test next { code next_rnn.yaml -o next --seeds 1 --json } 0
test next_page { list [count {What it writes} [page next]] [count {<blockquote>[^<]+</blockquote>} [page next]] [count {nats a character} [page next]] } {/^1 1 [1-9]/}
test json_is_the_file {
    put same.json [encoding convertto utf-8 [dict get [compare next_rnn.yaml -o next --seeds 1 --json] out]]
    expr {[string trim [text same.json]] eq [string trim [text next/results.json]]}
} 1

# ---- what is refused ----

foreach {name spec words} {
    test kind_other.yaml {kind_other\.yaml:\d+:\d+: error: data\.test: found data/train\.csv.*data/test\.csv}
    classes kind_more.yaml {kind_more\.yaml:\d+:\d+: error: classes: found \[first, second <i>, third\]}
    target ahead_rnn.yaml {ahead_rnn\.yaml:\d+:\d+: error: target: found forecast.*class}
} {
    test refused/$name {
        set result [compare kind_rnn.yaml $spec -o refused]
        list [dict get $result code] [count $words [dict get $result err]] [glob -nocomplain refused/*]
    } {2 1 {}}
}
# unroll: auto, of every spec: the second one fits as loops alone
test budget/auto_unroll {
    foreach {key unroll} {full full none none} {
        regexp {"lines": (\d+)} [ran $seqgen info kind_rnn.yaml --target portable --set data.max_length=60 --unroll $unroll --json] - $key
    }
    list [expr {$none < $full}] [code kind_mlp.yaml kind_rnn.yaml -o auto --set data.max_length=60 --max-lines $none --seeds 1]
} {1 0}
foreach option {--max-ram --max-flash --max-lines} {
    test refused/$option {
        # Each spec that is beyond it is named; nothing is built, trained or left
        set result [compare kind_rnn.yaml kind_mlp.yaml -o budget $option 10]
        list [dict get $result code] [count {kind_(rnn|mlp)\.yaml: error: [^\n]* codegen allows 10} [dict get $result err]] [file exists budget]
    } {3 2 0}
}
test refused/same_name {
    # Two files that are written alike are told apart
    put "sub dir/kind_rnn.yaml" [text kind_rnn.yaml]
    put "sub dir/data/train.csv" [text data/train.csv]
    put "sub dir/data/test.csv" [text data/test.csv]
    set result [compare kind_rnn.yaml "sub dir/kind_rnn.yaml" -o refused]
    list [dict get $result code] [count "data\\.train: found /\[^\n]*/sub dir/data/train\\.csv, but the first spec has /\[^\n]*/data/train\\.csv\n" [dict get $result err]]
} {2 1}
test refused/spec { code kind_rnn.yaml nowhere.yaml -o refused } 2
foreach {name arguments} {nothing {} seeds {kind_rnn.yaml --seeds 0} jobs {kind_rnn.yaml --jobs many} emit {kind_rnn.yaml --emit infer}} {
    test usage/$name { dict get [run $seqgen compare {*}$arguments] code } 1
}
test usage/seeds_elsewhere { dict get [run $seqgen info kind_rnn.yaml --seeds 2] code } 1

# ---- what fails ----

test failing_run {
    # The loss overflows: reported with the trainer's own words, the other spec goes on
    set result [compare kind_burst.yaml kind_mlp.yaml -o failing --seeds 1]
    list [dict get $result code] [count {kind_burst seed 1: train failed: .*step \d} [dict get $result err]] \
        [count {kind_mlp +[0-9]} [dict get $result out]] [count {What failed} [page failing]] [count {<svg } [page failing]]
} {5 1 1 1 2}
test failing_compiler {
    set result [run -env {CC false} $seqgen compare kind_rnn.yaml kind_mlp.yaml -o broken --seeds 1]
    list [dict get $result code] [count {build failed: } [dict get $result err]] [count {No run went well} [page broken]]
} {5 2 1}

# ---- interrupted ----

test interrupted {
    # No child is left, no half page, no checkpoint in the working directory
    set result [run -env $quick timeout -s INT 12 $seqgen compare kind_rnn.yaml kind_mlp.yaml -o long --set train.epochs=1000000 --target portable]
    after 300
    set left {}
    foreach line [split [exec ps -eo args] \n] { if {[string match "*$tmp/long/*/trainer*" $line]} { lappend left $line } }
    list [expr {[dict get $result code] ne "0"}] $left [file exists long/report.html] [file exists long/kind_rnn/seed-1.csv] [glob -nocomplain *interrupted*]
} {1 {} 0 1 {}}

# ---- train --report ----

test report { verdict [run out/kind_rnn/trainer train --epochs 2 --seed 3 --report one --save w.safetensors] } good
test report_files { lsort [files_below one] } {details.csv eval.json log.csv report.html results.json weights.safetensors}
test report_weights { expr {[text one/weights.safetensors] eq [text w.safetensors]} } 1
test report_is_the_run {
    # The same seed as compare's second run gives its figure
    ran out/kind_rnn/trainer train --seed 2 --quiet --report two
    lassign [figures $json kind_rnn] - b
    regexp {"figure": ([0-9.e-]+)} [text two/results.json] -> again
    expr {abs($b - $again) < 1e-6}
} 1
test report_page { list [count {<svg } [page one]] [count {train --seed 3 --epochs 2 --report one} [page one]] [count {accuracy [01]\.\d{3} on the 62 of the test part} [page one]] } {1 1 1}
test report_next {
    ran next/next_rnn/trainer train --quiet --report three
    list [count {What it writes} [page three]] [count {nats a character on the} [page three]]
} {1 1}
test report_unwritable { dict get [run out/kind_rnn/trainer train --epochs 1 --quiet --report /proc/none] code } 5

test anew/nothing_there { dict get [run $seqgen compare -o nowhere] err } {/nowhere\/results\.json: No such file or directory; `seqgen compare SPEC .. -o DIR` writes it/}
