# using.tcl: a trained model in use: eval with its table, JSON and details; predict from every source, in flat memory; sample
# and forecast. What the commands print is compared with itself by another way: details with sums, CSV with JSON.

proc trainer {name args} { return [ran ./$name {*}$args] }
proc lines {text} { return [split [string trim $text \n] \n] }

proc json_number {json key} {
    if {![regexp "\"$key\": *(\[-+0-9.eE\]+)" $json -> value]} { error "no $key in $json" }
    return $value
}

# A list of lists of numbers in JSON, as Tcl's
proc json_rows {json key} {
    if {![regexp "\"$key\": *(\\\[\[-+0-9.eE,\\s\\\[\\\]\]*\\\])" $json -> text]} { error "no $key in $json" }
    return [lmap row [lindex [string map {\[ "{" \] "}" , " "} $text] 0] {list {*}$row}]
}

proc close_to {a b} { return [expr {abs($a - $b) <= 1e-5 * (abs($a) + abs($b) + 1e-9)}] }

# Fields of CSV lines without quotes, the header left out
proc table {path} { return [lmap line [lrange [lines [text $path]] 1 end] {split $line ,}] }

# ---- names: is there an x in it, a y, or neither ----

proc names_write {path count from} {
    set rows {}
    for {set i 0} {$i < $count} {incr i} {
        set n [expr {$from + $i}]
        set word "[lindex {ana bo kim lu teo} [expr {$n % 5}]][lindex {x y z w} [expr {($n / 5) % 4}]]$n"
        append rows "$word,[lindex {has_x has_y none none} [expr {($n / 5) % 4}]]\n"
    }
    put $path "name,label\n$rows"
}
names_write train.csv 200 0
names_write test.csv 61 1000
put names.yaml {seqgen: 1
name: names
data: {train: train.csv, valid: 0.2, test: test.csv, input: {chars: name}, target: {class: label}}
model:
  - embedding: {dim: 4}
  - rnn: {hidden: 6}
  - max
  - linear: {out: classes}
train: {optimizer: {adam: {lr: 0.02}}, epochs: 3, batch: 16}
}
# Rows of a log without their seconds
proc log_rows {path} { return [lmap row [table $path] { lrange $row 0 end-1 }] }
test names/log_resumed { # stopped in the second epoch's middle: its row is there once in the end, that of all its steps
    ran -env $quick $seqgen build names.yaml -o logged --target portable --quiet
    trainer logged train --quiet --log whole.csv
    trainer logged train --quiet --log part.csv --checkpoint c.safetensors --steps 13
    set stopped [log_rows part.csv]
    trainer logged train --quiet --log part.csv --resume c.safetensors --epochs 3
    list [lmap row $stopped { lrange $row 0 1 }] [expr {[log_rows part.csv] eq [log_rows whole.csv]}] [llength [log_rows part.csv]]
} {{{1 10} {2 13}} 1 3}
test names/log_of_an_older_checkpoint { # rows of what is trained again come once, those before it stay
    trainer logged train --quiet --log older.csv --epochs 1 --checkpoint older.safetensors
    file copy -force older.safetensors kept.safetensors
    trainer logged train --quiet --log older.csv --epochs 3 --resume older.safetensors
    trainer logged train --quiet --log older.csv --epochs 3 --resume kept.safetensors
    lmap row [log_rows older.csv] { lrange $row 0 1 }
} {{1 10} {2 20} {3 30}}
test names/build {
    ran -env $quick $seqgen build names.yaml -o names --target portable --quiet
    trainer names train --quiet --save w.safetensors
} {}

test eval/text {
    set out [trainer names eval --load w.safetensors]
    list [regexp {^loss \S+  count 61  accuracy \S+\n} $out] [regexp {test part of the data: test\.csv} $out] \
        [regexp {class +precision +recall +f1 +support} $out] [regexp {\nmacro mean +\S+ +\S+ +\S+ +61\n} $out] \
        [regexp {true \\ pred +has_x +has_y +none\n} $out]
} {1 1 1 1 1}
test eval/details {
    # Accuracy and the matrix from the details are those of the JSON
    set json [trainer names eval --load w.safetensors --json --details d.csv]
    set matrix {{0 0 0} {0 0 0} {0 0 0}}
    set right 0
    set classes {has_x has_y none}
    foreach row [table d.csv] {
        lassign $row sequence line name is predicted chance
        incr right [expr {$is eq $predicted}]
        set at [list [lsearch $classes $is] [lsearch $classes $predicted]]
        lset matrix $at [expr {[lindex $matrix $at] + 1}]
    }
    list [lindex [lines [text d.csv]] 0] [close_to [json_number $json accuracy] [expr {$right / 61.0}]] \
        [expr {[json_rows $json confusion] eq $matrix}] [expr {[lrange [lindex [table d.csv] 4] 0 2] eq {5 6 teox1004}}]
} {sequence,row,text,true,predicted,chance 1 1 1}
test eval/scores {
    # Precision, recall and f1 of the first class, and the plain mean of the recalls, from the matrix
    set json [trainer names eval --load w.safetensors --json]
    set m [json_rows $json confusion]
    set right [lindex $m 0 0]
    set support [tcl::mathop::+ {*}[lindex $m 0]]
    set predicted [expr {[lindex $m 0 0] + [lindex $m 1 0] + [lindex $m 2 0]}]
    regexp {"per_class": \[\s*(\{[^\}]*\})} $json -> first
    regexp {"macro": (\{[^\}]*\})} $json -> macro
    set recalls 0
    for {set c 0} {$c < 3} {incr c} { set recalls [expr {$recalls + double([lindex $m $c $c]) / [tcl::mathop::+ {*}[lindex $m $c]]}] }
    list [close_to [json_number $first precision] [expr {$predicted ? double($right) / $predicted : 0}]] \
        [close_to [json_number $first recall] [expr {double($right) / $support}]] \
        [close_to [json_number $first f1] [expr {2.0 * $right / ($support + $predicted)}]] \
        [json_number $first support] [close_to [json_number $macro recall] [expr {$recalls / 3}]] [json_number $macro support]
} {1 1 1 16 1 61}
test eval/parts {
    lmap part {train valid test} { json_number [trainer names eval --load w.safetensors --json --part $part] count }
} {160 40 61}
test eval/part_unknown { dict get [run ./names eval --load w.safetensors --part half] err } {/expected train, valid or test/}
test eval/details_unwritable { dict get [run ./names eval --load w.safetensors --details no/such/d.csv] code } 5
# ---- from another directory, where the spec's paths lead nowhere ----

test elsewhere {
    file mkdir elsewhere
    ran -env $quick $seqgen build names.yaml -o away --target portable --quiet --set data.valid=test.csv
    set said {}
    foreach words {{../away train} {../away train --data ../train.csv} {../names eval --load ../w.safetensors} {../names predict --load ../w.safetensors}
        {../names predict --load ../w.safetensors --data nowhere.csv}} {
        set result [run -dir elsewhere {*}$words]
        lappend said "[dict get $result code] [dict get $result err]"
    }
    set advice {No such file or directory; the spec's paths start in the directory that a trainer is started in;}
    expr {$said eq [list "2 ../away: train.csv: $advice --data F names another file\n" "2 ../away: test.csv: $advice --valid F names another file\n" \
        {*}[lrepeat 2 "2 ../names: test.csv: $advice --data F names another file\n"] "2 ../names: nowhere.csv: No such file or directory\n"] ? "advised" : $said}
} advised

# ---- predict ----

proc answer {text} { return [lrange [lines $text] 1 end] }
test predict/sources {
    # A file, texts, lines and CSV on standard input give the same lines
    put some.csv "name\nanax1\nboy2\nkimz3\n"
    set file [answer [trainer names predict --load w.safetensors --data some.csv]]
    set texts [answer [trainer names predict --load w.safetensors anax1 boy2 kimz3]]
    set input [answer [ran -in "\ufeffanax1\nboy2\nkimz3\n" ./names predict --load w.safetensors -]]
    set table [answer [ran -in [text some.csv] ./names predict --load w.safetensors --data -]]
    list [llength $file] [expr {$file eq $texts}] [expr {$file eq $input}] [expr {$file eq $table}]
} {3 1 1 1}
test predict/json {
    set csv [split [lindex [answer [trainer names predict --load w.safetensors anax1]] 0] ,]
    set json [trainer names predict --load w.safetensors --json anax1]
    lassign $csv class x y none
    expr {$json eq "{\"sequence\": 1, \"text\": \"anax1\", \"class\": \"$class\", \"chances\": {\"has_x\": $x, \"has_y\": $y, \"none\": $none}}\n"}
} 1
test predict/json_escapes {
    ran -in "a\"b\\\tc\n" ./names predict --load w.safetensors --json --quiet -
} {/"text": "a\\"b\\\\\\u0009c"/}
test predict/rate { dict get [run ./names predict --load w.safetensors --data test.csv] err } {/^61 sequences in [0-9.]+ s: [0-9]+ a second\n$/}
test predict/quiet { dict get [run ./names predict --load w.safetensors --data test.csv --quiet] err } {}
test predict/pieces {
    # More than one piece, then the first error after lines that were fine
    set rows [string repeat "anax1\nboy2\n" 5000]
    put many.csv "name\n$rows"
    set out [answer [trainer names predict --load w.safetensors --data many.csv --quiet]]
    put broken.csv "name\n${rows}\"a\"b\n"
    set result [run ./names predict --load w.safetensors --data broken.csv --quiet]
    list [llength $out] [llength [lsort -unique $out]] [dict get $result code] [regexp {broken\.csv:10002} [dict get $result err]] \
        [expr {[llength [answer [dict get $result out]]] > 4000}]
} {10000 2 2 1 1}
test predict/flat_memory {
    # 100,000 rows in 16 MB of address space: held whole they are more (eval reads them so, and fails)
    set channel [open large.csv w]
    puts $channel name
    for {set i 0} {$i < 100} {incr i} { puts -nonewline $channel [string repeat "anax1boy2kimz3luw4teo\n" 1000] }
    close $channel
    set result [run -timeout 900 sh -c {ulimit -v 16000; exec ./names predict --load w.safetensors --data large.csv --quiet | tail -n +2 | wc -l}]
    list [dict get $result code] [string trim [dict get $result out]] [dict get $result err]
} {0 100000 {}}

# ---- numbers: groups of rows, tags; values in their own units ----

proc rows_write {path groups from} {
    set rows {}
    for {set g 0} {$g < $groups} {incr g} {
        for {set i 0} {$i < 3 + $g % 4} {incr i} {
            set x [expr {($from + 7 * $g + 3 * $i) % 11}]
            append rows "g$g,$x,[expr {1000 + 100 * $x}],[expr {$x > 5 ? "high" : "low"}]\n"
        }
    }
    put $path "id,x,price,level\n$rows"
}
rows_write rows.csv 40 0
rows_write rows_test.csv 9 3
set rows_spec {seqgen: 1
name: rows
data: {train: rows.csv, test: rows_test.csv, sequence: id, input: {columns: [x], normalize: standard}, target: TARGET}
model: [{rnn: {hidden: 4}}, POOL{linear: {out: OUT}}]
train: {optimizer: {adam: {lr: 0.02}}, epochs: 3, batch: 8}
}
test tags/beyond_float32 { # what a float holds no more is refused, not answered with nan
    put tags.yaml [string map {TARGET "{tag: level}" POOL {} OUT classes} $rows_spec]
    ran -env $quick $seqgen build tags.yaml -o tags --target portable --quiet
    trainer tags train --quiet --save t.safetensors
    put beyond.csv "id,x,price,level\na,1,1,low\na,1e300,1,low\n"
    set result [run ./tags predict --load t.safetensors --data beyond.csv]
    list [dict get $result code] [dict get $result out] [regexp {beyond\.csv:2: column "x": a number beyond float32} [dict get $result err]]
} {2 {} 1}
test tags/details {
    put tags.yaml [string map {TARGET "{tag: level}" POOL {} OUT classes} $rows_spec]
    ran -env $quick $seqgen build tags.yaml -o tags --target portable --quiet
    trainer tags train --quiet --save t.safetensors
    set json [trainer tags eval --load t.safetensors --json --details d.csv]
    set right 0
    foreach row [table d.csv] { incr right [expr {[lindex $row 3] eq [lindex $row 4]}] }
    list [lindex [lines [text d.csv]] 0] [llength [table d.csv]] [json_number $json count] \
        [close_to [json_number $json accuracy] [expr {$right / double([llength [table d.csv]])}]] [lrange [lindex [table d.csv] 3] 0 2]
} {sequence,step,row,true,predicted,chance 39 39 1 {2 1 5}}
# Numbers a step: every row is judged once, in the file's units and its order, cut or not
foreach {name more rows} {groups "" 39 cut "window: {length: 2}, " 39 short "max_length: 3, " 27} {
    test signals/$name {
        put signal.yaml [string map [list TARGET "{signal: price}" POOL {} OUT targets "data: \{" "data: \{$more"] $rows_spec]
        ran -env $quick $seqgen build signal.yaml -o signal --target portable --quiet
        trainer signal train --quiet --save s.safetensors
        set json [trainer signal eval --load s.safetensors --json --details d.csv]
        set squares 0
        set apart 0 ;# from the file
        set expected [lmap row [table rows_test.csv] { lindex $row 2 }]
        foreach row [table d.csv] {
            set squares [expr {$squares + ([lindex $row 3] - [lindex $row 4]) ** 2}]
        }
        if {$rows == 39} { foreach row [table d.csv] price $expected { if {![close_to [lindex $row 3] $price]} { incr apart } } }
        set predicted [answer [trainer signal predict --load s.safetensors]]
        list [lindex [lines [text d.csv]] 0] [llength [table d.csv]] [json_number $json count] $apart \
            [close_to [json_number $json rmse] [expr {sqrt($squares / $rows)}]] [llength $predicted]
    } [list sequence,step,column,true,predicted $rows $rows 0 1 $rows]
}
test signals/carried {
    put carried.csv "x,price\n[join [lmap row [table rows_test.csv] { join [lrange $row 1 2] , }] \n]\n"
    put carried.yaml [string map {TARGET "{signal: price}" POOL {} OUT targets "train: rows.csv, test: rows_test.csv, sequence: id" "train: carried.csv, window: {length: 5, carry_state: true}"} $rows_spec]
    ran -env $quick $seqgen build carried.yaml -o carried --target portable --quiet
    trainer carried train --quiet --save c.safetensors
    # One stream: what predict says of a step is what is said where one window holds everything
    set whole [lmap line [answer [trainer carried predict --load c.safetensors --data carried.csv]] { lindex [split $line ,] 2 }]
    ran -env $quick $seqgen build carried.yaml -o one --target portable --quiet --set data.window.length=39
    set alike 0
    foreach a $whole b [lmap line [answer [trainer one predict --load c.safetensors --data carried.csv]] { lindex [split $line ,] 2 }] {
        incr alike [expr {abs($a - $b) <= 1e-4 * abs($b)}]
    }
    list [llength $whole] $alike
} {39 39}
test signals/beyond_float32 {
    put beyond.csv "id,x,price,level\na,1,1,low\na,1,1e300,low\n"
    set result [run ./signal eval --load s.safetensors --data beyond.csv]
    list [dict get $result code] [regexp {beyond\.csv:2: column "price": a number beyond float32} [dict get $result err]]
} {2 1}
test values/own_units {
    # Truth is the file's, and rmse that of the lines
    put values.yaml [string map {TARGET "{value: price}" POOL "last, " OUT targets} $rows_spec]
    ran -env $quick $seqgen build values.yaml -o values --target portable --quiet
    trainer values train --quiet --save v.safetensors
    set json [trainer values eval --load v.safetensors --json --details d.csv]
    set squares 0
    foreach row [table d.csv] { set squares [expr {$squares + ([lindex $row 3] - [lindex $row 4]) ** 2}] }
    set first [lindex [table d.csv] 0]
    list [lindex [lines [text d.csv]] 0] [lrange $first 0 2] [close_to [lindex $first 3] 1900] \
        [close_to [json_number $json rmse] [expr {sqrt($squares / 9)}]] [expr {[json_number $json rmse] > 20}]
} {sequence,step,column,true,predicted {1 1 price} 1 1 1}
test values/standard_input {
    set input [ran -in [text rows_test.csv] ./values predict --load v.safetensors -]
    expr {$input eq [trainer values predict --load v.safetensors] && [llength [lines $input]] == 10}
} 1
test values/json {
    set csv [answer [trainer values predict --load v.safetensors]]
    lindex [lines [trainer values predict --load v.safetensors --json]] 1
} {/^\{"sequence": 2, "values": \{"price": [0-9.]+\}\}$/}
test values/text { dict get [run ./values predict --load v.safetensors hello] code } 1
test values/minmax {
    # x from 4 to 12; prices of the last rows, which are the targets, from 200 to 300
    put minmax.csv "id,x,price,level\na,4,100,low\na,6,300,low\nb,12,200,low\n"
    put minmax.yaml [string map {TARGET "{value: price}" POOL "last, " OUT targets "train: rows.csv, test: rows_test.csv" "train: minmax.csv" standard minmax} $rows_spec]
    ran $seqgen minmax.yaml -o minmax.c --target portable --quiet
    set generated [text minmax.c]
    lmap name {input_shift input_scale target_shift target_scale} { regexp "task_$name\[^=]*=\[^0-9.-]*(\[0-9.e+-]+)" $generated -> number; expr {$number + 0.0} }
} {4.0 8.0 200.0 100.0}
test signals/minmax { # every row's price counts, from 100 to 300
    put minmax.yaml [string map {TARGET "{signal: price}" POOL "" OUT targets "train: rows.csv, test: rows_test.csv" "train: minmax.csv" standard minmax} $rows_spec]
    ran $seqgen minmax.yaml -o minmax.c --target portable --quiet
    set generated [text minmax.c]
    lmap name {target_shift target_scale} { regexp "task_$name\[^=]*=\[^0-9.-]*(\[0-9.e+-]+)" $generated -> number; expr {$number + 0.0} }
} {100.0 200.0}

# ---- a series ----

set rows {}
for {set i 0} {$i < 80} {incr i} { append rows "[expr {500 + 5 * $i}],[expr {sin($i / 4.0)}]\n" }
put series.csv "load,wave\n$rows"
put series.yaml {seqgen: 1
name: series
data:
  train: series.csv
  valid: 0.25
  input: {columns: [load, wave], normalize: standard}
  target: {forecast: {columns: [load, wave], horizon: 3}}
  window: {length: 6}
model: [{gru: {hidden: 4}}, last, {linear: {out: targets}}]
train: {optimizer: {adam: {lr: 0.01}}, epochs: 4, batch: 8}
}
test series/build {
    ran -env $quick $seqgen build series.yaml -o series --target portable --quiet
    trainer series train --quiet --save s.safetensors
} {}
test series/steps {
    # Of each step and each column from the details
    set json [trainer series eval --load s.safetensors --json --details d.csv]
    set squares {load 0 wave 0}
    foreach row [table d.csv] {
        lassign $row sequence step column is predicted
        if {$step != 2} continue
        dict set squares $column [expr {[dict get $squares $column] + ($is - $predicted) ** 2}]
    }
    set n [json_number $json count]
    regexp {"steps": \[(.*)\]} $json -> steps
    set second [lindex [regexp -all -inline {"rmse": [0-9.eE+-]+} $steps] 3]
    set both [expr {sqrt(([dict get $squares load] + [dict get $squares wave]) / (2 * $n))}]
    list [regexp {"part": "valid"} $json] [llength [table d.csv]] [expr {6 * $n}] [llength [regexp -all -inline {"step": [123]} $json]] \
        [close_to [json_number [lindex [regexp -all -inline {"rmse": [0-9.eE+-]+, *\s*"mae"|"rmse": [0-9.eE+-]+} $steps] 0] rmse] \
             [json_number $steps rmse]] \
        [expr {[lsearch -exact [lmap {v} [regexp -all -inline {"rmse": [0-9.eE+-]+} $steps] {close_to [json_number $v rmse] $both}] 1] >= 0}]
} {1 72 72 3 1 1}
test series/text { trainer series eval --load s.safetensors } {/\nload +\S+ +\S+ +\S+\nwave .*\nstep 1 .*\nstep 3 /}
test series/forecast_elsewhere {
    set result [run -dir elsewhere ../series forecast --load ../s.safetensors]
    list [dict get $result code] [regexp {series\.csv: No such .*; --data F names another file\n$} [dict get $result err]]
} {2 1}
test series/forecast_json {
    set csv [trainer series forecast --load s.safetensors --steps 5]
    set json [trainer series forecast --load s.safetensors --steps 5 --json]
    set rows [lmap row [json_rows $json rows] {join $row ,}]
    list [regexp {^\{"columns": \["load", "wave"\], "rows": \[} $json] [expr {$rows eq [answer $csv]}] [llength $rows]
} {1 1 5}

test series/forecast_last_sequence {
    # The last one is continued or none: not the end of an older one
    set rows {}
    foreach {id count} {a 20 b 15} {
        for {set i 0} {$i < $count} {incr i} { append rows "$id,$i,[expr {$i % 3}]\n" }
    }
    put groups.csv "id,load,wave\n$rows"
    put short.csv "id,load,wave\n${rows}c,1,2\nc,2,2\n"
    put groups.yaml [string map {"train: series.csv\n  valid: 0.25" "train: groups.csv\n  sequence: id" "name: series" "name: groups"} [text series.yaml]]
    ran $seqgen run groups.yaml train --epochs 1 --quiet --save g.safetensors
    set result [run $seqgen run groups.yaml forecast --load g.safetensors --data short.csv]
    list [llength [answer [ran $seqgen run groups.yaml forecast --load g.safetensors]]] [dict get $result code] [dict get $result out] \
        [regexp {short\.csv:37: the last sequence starts here and has 2 rows; a window of 6 rows is expected\n} [dict get $result err]]
} {3 2 {} 1}

# ---- a language ----

put words.csv "word\n[string repeat "abcabc\n" 40]"
put words.yaml {seqgen: 1
name: words
data: {train: words.csv, input: {chars: word}, target: {next: true}}
model: [{gru: {hidden: 8}}, {linear: {out: vocab}}]
train: {optimizer: {adam: {lr: 0.05}}, epochs: 12, batch: 8}
}
test words/build {
    ran -env $quick $seqgen build words.yaml -o words --target portable --quiet
    trainer words train --quiet --save l.safetensors
} {}
test words/sample_json {
    list [trainer words sample --load l.safetensors --prompt a --length 4 --top-k 1 --json --seed 3] \
        [trainer words sample --load l.safetensors --prompt a --length 4 --temperature 0]
} {{{"prompt": "a", "text": "bcab", "tokens": 4, "seed": 3, "temperature": 1}
} {abcab
}}
test words/sample_length { # no line end is known, so the first token is drawn evenly; it counts
    lmap length {0 1 3} { string length [string trim [trainer words sample --load l.safetensors --length $length]] }
} {0 1 3}
test words/top_k_all { expr {[trainer words sample --load l.safetensors --length 50 --top-k 3] eq [trainer words sample --load l.safetensors --length 50]} } 1
test words/top_k_zero { dict get [run ./words sample --load l.safetensors --top-k 0] err } {/--top-k "0"; expected a whole number of at least 1/}
test words/predict { # a line for each token, an empty text being one that is unknown; texts keep their numbers, on standard input from batch to batch
    set texts [answer [trainer words predict --load l.safetensors "" abc "" a]]
    set input [answer [ran -in "[string repeat "a\n" 6]ab\n[string repeat "\n" 4]abc\n" ./words predict --load l.safetensors --quiet -]]
    lmap line [concat $texts $input] { join [lrange [split $line ,] 0 1] . }
} {1.1 2.1 2.2 2.3 3.1 4.1 1.1 2.1 3.1 4.1 5.1 6.1 7.1 7.2 8.1 9.1 10.1 11.1 12.1 12.2 12.3}
# Latin-1's e with an accent is no UTF-8, as in a file; the lines before it are answered.
proc latin {script} {
    set result [run sh -c $script sh $::seqgen]
    return "[dict get $result code], [llength [answer [dict get $result out]]], [string trim [dict get $result err]]"
}
test words/latin_text { latin {./words predict --load l.safetensors ab "$(printf 'a\351')"} } {2, 0, ./words: TEXT:2: bytes that are not UTF-8}
test words/latin_input {
    latin {(yes a | head -n 10; printf 'a\351\nb\n') | ./words predict --load l.safetensors --quiet -}
} {2, 10, ./words: -:11: bytes that are not UTF-8}
test words/latin_prompt { latin {./words sample --load l.safetensors --prompt "$(printf 'a\351')"} } {2, 0, ./words: --prompt: bytes that are not UTF-8}
test words/latin_bytes { # a model of bytes takes any
    put bytes.yaml [string map {chars bytes} [text words.yaml]]
    ran $seqgen run bytes.yaml train --epochs 1 --quiet --save b.safetensors
    list [latin {"$1" run bytes.yaml predict --load b.safetensors "$(printf 'a\351')"}] \
        [latin {printf 'a\351' | "$1" run bytes.yaml predict --load b.safetensors --quiet -}] \
        [latin {"$1" run bytes.yaml sample --load b.safetensors --length 2 --prompt "$(printf 'a\351')"}]
} {{0, 2, } {0, 2, } {0, 0, seqgen run bytes.yaml: 1 tokens of the prompt are not in the vocabulary}}
test words/latin_file { # a whole text, too, for the generator and for the trainer
    put latin.txt "the cat\nsat on\xe9 the mat. "
    put latin.yaml "seqgen: 1\ndata: {train: latin.txt, input: {text: true}, target: {next: true}, window: {length: 4}}
model: \[{gru: {hidden: 3}}, {linear: {out: vocab}}\]\ntrain: {optimizer: {sgd: {lr: 0.1}}}\n"
    set result [run $seqgen latin.yaml -o latin.c]
    list [dict get $result code] [lindex [lines [dict get $result err]] 0]
} {2 {latin.yaml:2:15: error: latin.txt:2: bytes that are not UTF-8}}
test words/details {
    trainer words eval --load l.safetensors --details d.csv
    list [lindex [lines [text d.csv]] 0] [llength [table d.csv]] [lrange [lindex [table d.csv] 1] 0 3]
} {sequence,step,row,true,predicted,chance 200 {1 2 2 c}}

# ---- the others ----

test json/train {
    set json [trainer names train --quiet --json]
    list [regexp {^\{"epochs":3,"steps":30,"seconds":[0-9.e-]+,"best_epoch":3,"stopped_by":"epochs","train_loss":[0-9.]+,"valid":\{"loss":[0-9.]+,"count":40,"accuracy":[0-9.]+\},"test":\{"loss":[0-9.]+,"count":61,"accuracy":[0-9.]+\}\}\n$} $json] \
        [llength [lines $json]]
} {1 1}
test json/gradcheck {
    set json [trainer names gradcheck --json]
    list [regexp {"ok": true,\s+"tolerance"} $json] [llength [regexp -all -inline {"name":} $json]]
} {1 7}

# ---- a text whose state is carried ----

put stream.txt [string repeat "the cat sat on the mat. " 60]
put stream.yaml {seqgen: 1
name: stream
data: {train: stream.txt, valid: 0.2, input: {text: true}, target: {next: true}, window: {length: 10, carry_state: true}}
model: [{embedding: {dim: 4}}, {gru: {hidden: 8}}, {linear: {out: vocab}}]
train: {optimizer: {adam: {lr: 0.02}}, epochs: 1, batch: 6}
}
proc chances {lines} { return [lmap line $lines { lmap cell [lrange [split $line ,] 3 end] { expr {double($cell)} } }] }
test stream/predict {
    # One stream, though the batch has six: lines in their order, and the numbers of a batch of one and of a text in one window
    ran -env $quick $seqgen build stream.yaml -o stream --target portable --quiet
    trainer stream train --quiet --save s.safetensors
    set text "the cat sat on the mat. the cat"
    set found [answer [trainer stream predict --load s.safetensors --quiet $text]]
    set one [answer [ran $seqgen run stream.yaml --set train.batch=1 predict --load s.safetensors --quiet $text]]
    set whole [answer [ran $seqgen run stream.yaml --set "data.window={length: 64}" predict --load s.safetensors --quiet $text]]
    set steps [lmap line $found { lrange [split $line ,] 0 1 }]
    set far 0
    foreach other [list $one $whole] {
        foreach a [chances $found] b [chances $other] { foreach x $a y $b { set far [expr {max($far, abs($x - $y))}] } }
    }
    set expected {}
    for {set n 1} {$n <= 31} {incr n} { lappend expected [list 1 $n] }
    list [expr {$steps eq $expected}] [llength $found] [expr {$far < 1e-5}]
} {1 31 1}
test stream/predict_what_follows {
    # behind the last token of a text, of one token and of more than a window, what `sample` would begin with
    lmap text {t "the ca" "the cat sat on the mat. the ca"} {
        set line [lindex [answer [trainer stream predict --load s.safetensors --quiet $text]] end]
        set sampled [trainer stream sample --load s.safetensors --prompt $text --length 1 --temperature 0]
        expr {[lindex [split $line ,] 2] eq [string index $sampled [string length $text]]}
    }
} {1 1 1}

# ---- columns by a glob ----

put columns.csv "s,a,y0,y1\n0,1,2,3\n0,1,4,5\n1,2,3,4\n1,2,1,1\n"
# The inputs and the targets that are taken
proc columns_taken {inputs target window} {
    put columns.yaml "seqgen: 1\nname: columns\ndata: {train: columns.csv, sequence: s, input: {columns: $inputs}, target: $target$window}\nmodel: \[{gru: {hidden: 2}}, last, {linear: {out: targets}}]\n"
    set dump [ran $::seqgen columns.yaml --dump spec]
    regexp {columns: *(\[[^\]]*\]).*(value|columns): *(\[[^\]]*\])} $dump - in - out
    return "$in $out"
}
foreach {name inputs target window taken} {
    written     {["*"]}       {{value: [y0, y1]}}                            {}                        {[a] [y0, y1]}
    both        {["*"]}       {{value: ["y*"]}}                              {}                        {[a] [y0, y1]}
    mixed       {[a, "y*"]}   {{value: [y0]}}                                {}                        {[a, y1] [y0]}
    sequence    {[a]}         {{forecast: {columns: ["*"], horizon: 1}}}     {, window: {length: 1}}   {[a] [a, y0, y1]}
    foretold    {["*"]}       {{forecast: {columns: ["y*"], horizon: 1}}}    {, window: {length: 1}}   {[a, y0, y1] [y0, y1]}
} {
    test columns/$name { columns_taken $inputs $target $window } $taken
}
