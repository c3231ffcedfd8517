# training.tcl: training as people know it: a loss that is not finite, Ctrl-C, class weights, a split by time, best weights
# kept, a log that can be read.

proc trainer {name args} { return [ran ./$name {*}$args] }
proc table {path} { return [lmap line [lrange [split [string trim [text $path] \n] \n] 1 end] {split $line ,}] }
proc json_number {json key} {
    if {![regexp "\"$key\": *(\[-+0-9.eE\]+)" $json -> value]} { error "no $key in $json" }
    return $value
}

# A class that only chance tells: one b among five a
set rows {}
for {set i 0} {$i < 60} {incr i} { append rows "x,[expr {$i % 6 == 0 ? "b" : "a"}]\n" }
put coin.csv "text,label\n$rows"
set coin {seqgen: 1
name: coin
data: {train: coin.csv, input: {chars: text}, target: {class: label}}
model: [{rnn: {hidden: 3}}, last, {linear: {out: classes}}]
train: {optimizer: {sgd: {lr: 0.1}}, epochs: 60, batch: 12}
}
put plain.yaml $coin
put balanced.yaml "$coin\n"
foreach name {plain balanced} {
    test build/$name {
        ran -env $quick $seqgen build $name.yaml -o $name --target portable --quiet --set name=$name \
            {*}[expr {$name eq "balanced" ? {--set train.class_weights=balanced} : {}}]
        trainer $name train --quiet --save $name.safetensors
    } {}
}

# ---- weights into another model: what they mean has to be the same, not how they were trained ----

test load/trained_in_another_way { dict get [run ./balanced eval --load plain.safetensors --json] err } {}
test load/other_layers {
    ran -env $quick $seqgen build plain.yaml -o relu --target portable --quiet --set "model.0={rnn: {hidden: 3, nonlinearity: relu}}"
    dict get [run ./relu eval --load plain.safetensors --json] err
} {/^\./relu: plain\.safetensors: warning: of a model with other data or layers \([0-9a-f]{16}, this one is [0-9a-f]{16}\); the shapes agree\n$/}
test load/other_words {
    put other.csv [string map {x, y,} [text coin.csv]]
    ran -env $quick $seqgen build plain.yaml -o other --target portable --quiet --set data.train=other.csv
    dict get [run ./other eval --load plain.safetensors --json] err
} {/^\./other: plain\.safetensors: warning: of a model with other data or layers/}
# The generator stores what it is given, and says the same of it.
proc stored {data args} {
    set result [run $::seqgen plain.yaml --emit infer --weights plain.safetensors --set data.train=$data -o - {*}$args]
    return "[dict get $result code], [dict get $result err]"
}
test emit/same_words { stored coin.csv } {0, }
test emit/other_words { stored other.csv } {/^0, seqgen: plain\.safetensors: warning: of a model with other data or layers \([0-9a-f]{16}, this one is [0-9a-f]{16}\); the shapes agree\n$/}
test emit/quiet { stored other.csv --quiet } {0, }
test load/a_checkpoint {
    trainer balanced train --epochs 1 --quiet --checkpoint way.safetensors
    dict get [run ./plain eval --load way.safetensors --json] err
} {}

# ---- class weights: in the loss, not in the accuracy ----

test class_weights/training {
    # The chance of b follows the counts, or with balanced weights is even
    lmap name {plain balanced} {
        regexp {"b": ([0-9.]+)} [trainer $name predict --load $name.safetensors --json x] -> chance
        format %.1f $chance
    }
} {0.2 0.5}
test class_weights/loss {
    # All a, judged by weights that say a: the loss is a's -log p whatever a's weight, the weighted mean
    put a.csv "text,label\nx,a\nx,a\n"
    regexp {"a": ([0-9.]+)} [trainer balanced predict --load plain.safetensors --json --quiet x] -> chance
    set json [trainer balanced eval --load plain.safetensors --data a.csv --json]
    expr {abs([json_number $json loss] + log($chance)) < 1e-4}
} 1
test class_weights/accuracy {
    # Same weights: the weighted loss differs, the accuracy is the plain share
    set plain [trainer plain eval --load plain.safetensors --json]
    set weighted [trainer balanced eval --load plain.safetensors --json]
    list [expr {abs([json_number $plain accuracy] - 50 / 60.0) < 1e-9}] \
        [expr {[json_number $plain accuracy] == [json_number $weighted accuracy]}] \
        [expr {[json_number $weighted loss] > [json_number $plain loss] + 0.1}]
} {1 1 1}

# Where all that occurs weighs 0 there is no mean: nan, as PyTorch has it, without a sign; of the training part an error
put zero.yaml [string map {"batch: 12" "batch: 12, class_weights: \[0, 1]"} $coin]
foreach option {{} --json --quiet} {
    test class_weights/nothing_weighs$option {
        set result [run $seqgen run zero.yaml train --data a.csv --epochs 2 {*}$option --save zero.safetensors]
        list [dict get $result code] [regexp {a\.csv: train\.class_weights gives 0 to every class} [dict get $result err]] \
            [regexp {nan} [dict get $result err]] [file exists zero.safetensors]
    } {2 1 0 0}
}
test class_weights/valid_weighs_nothing {
    set result [run $seqgen run zero.yaml train --valid a.csv --epochs 1 --log zero.csv --json --save zero.safetensors]
    list [dict get $result code] [regexp {loss 0\.\d+  valid nan  accuracy} [dict get $result err]] \
        [regexp {"valid":\{"loss":null,"count":2,} [dict get $result out]] [lindex [table zero.csv] 0 3]
} {0 1 1 {}}
test class_weights/judged_weighs_nothing {
    list [regexp {^loss nan  count 2  accuracy [01.]+\n} [ran $seqgen run zero.yaml eval --load zero.safetensors --data a.csv]] \
        [regexp {^\{\s*"loss": null,\s*"count": 2,\s*"accuracy": } [ran $seqgen run zero.yaml eval --load zero.safetensors --data a.csv --json]]
} {1 1}

# ---- not finite ----

set line {}
for {set i 0} {$i < 60} {incr i} { append line "$i,[expr {2 * $i}]\n" }
put line.csv "x,y\n$line"
put line.yaml {seqgen: 1
name: line
data: {train: line.csv, valid: 0.25, input: {columns: [x]}, target: {value: y}, window: {length: 4}}
model: [{rnn: {hidden: 3, nonlinearity: relu}}, last, {linear: {out: targets}}]
train: {loss: mse, optimizer: {sgd: {lr: 1e-6}}, epochs: 2, batch: 8}
}
test unsound/build { ran -env $quick $seqgen build line.yaml -o line --target portable --quiet } {}
test unsound/stops {
    # Where, what, and what is left; the checkpoint stays as it was
    trainer line train --quiet --checkpoint c.safetensors
    set before [text c.safetensors]
    set result [run ./line train --resume c.safetensors --checkpoint c.safetensors --epochs 9 --lr 1e30 --quiet --save no.safetensors]
    list [dict get $result code] [regexp {step \d+: the .* is -?(nan|inf)} [dict get $result err]] \
        [regexp {(weight|gradient) (rnn|linear)\.\w+\[\d+(, \d+)?\] is -?(nan|inf)} [dict get $result err]] \
        [regexp {last good checkpoint: c\.safetensors} [dict get $result err]] [expr {[text c.safetensors] eq $before}] [file exists no.safetensors]
} {2 1 1 1 1 0}
test unsound/no_checkpoint {
    set err [dict get [run ./line train --epochs 9 --lr 1e30 --quiet --checkpoint none.safetensors] err]
    list [regexp {is -?(nan|inf)} $err] [regexp {last good} $err]
} {1 0}

# ---- Ctrl-C ----

# Runs a trainer until its log has two epochs, then interrupts it; exit code and standard error
proc interrupted {name args} {
    file delete log.csv
    return [run sh -c {
        "$@" --epochs 1000000 --log log.csv --quiet &
        n=0
        until [ "$(wc -l <log.csv 2>/dev/null || echo 0)" -ge 3 ] || [ $n -ge 600 ]; do sleep 0.1; n=$((n + 1)); done
        kill -INT $!
        wait $!
    } sh ./$name train {*}$args]
}
test interrupt/without_checkpoint {
    set result [interrupted line]
    list [dict get $result code] [file exists line.interrupted.safetensors] \
        [regexp {interrupted after step (\d+); continue with: \./line train --resume line\.interrupted\.safetensors} [dict get $result err] -> step]
} {130 1 1}
test interrupt/continues {
    # From that very step
    set json [trainer line train --resume line.interrupted.safetensors --steps [expr {$step + 3}] --quiet --json]
    expr {[json_number $json steps] - $step}
} 3
test interrupt/with_checkpoint {
    set result [interrupted line --checkpoint mine.safetensors]
    list [dict get $result code] [regexp -- {--resume mine\.safetensors} [dict get $result err]]
} {130 1}

# ---- the validation part of a series is its end ----

test split/by_time {
    # Truth of every training window lies before that of every validation window, whatever the seed
    trainer line train --quiet --save l.safetensors
    foreach part {train valid} {
        trainer line eval --load l.safetensors --part $part --details $part.csv
        set truth($part) [lsort -real [lmap row [table $part.csv] {lindex $row 3}]]
    }
    list [llength $truth(train)] [llength $truth(valid)] [lindex $truth(train) end] [lindex $truth(valid) 0] [lindex $truth(valid) end]
} {42 12 88 96 118}
test split/sequences_by_seed {
    # Of separate sequences, some from anywhere
    put many.yaml [string map {"train: coin.csv" "train: many.csv, valid: 0.2"} $coin]
    set rows {}
    for {set i 0} {$i < 50} {incr i} { append rows "x$i,[expr {$i % 2 ? "a" : "b"}]\n" }
    put many.csv "text,label\n$rows"
    ran -env $quick $seqgen build many.yaml -o many --target portable --quiet
    trainer many train --quiet --epochs 1 --save m.safetensors
    foreach part {train valid} {
        trainer many eval --load m.safetensors --part $part --details $part.csv
        set seen($part) [lmap row [table $part.csv] {lindex $row 2}]
    }
    list [llength $seen(valid)] [llength [lsort -unique [concat $seen(train) $seen(valid)]]] \
        [expr {$seen(valid) ne [lrange [lsort -dictionary [concat $seen(train) $seen(valid)]] end-9 end]}]
} {10 50 1}

# ---- sequences in a file that is sorted by time ----

test recurring/warning {
    # Once a file, where training data is read: by the generator and by the trainer; on standard error alone, and not with --quiet
    put mixed.csv "id,x,label\na,1,u\nb,2,v\na,3,u\nb,4,v\n"
    put mixed.yaml {seqgen: 1
name: mixed
data: {train: mixed.csv, sequence: id, input: {columns: [x]}, target: {class: label}}
model: [{rnn: {hidden: 2}}, last, {linear: {out: classes}}]
}
    set results [list [run $seqgen mixed.yaml -o mixed.c] [run $seqgen info mixed.yaml --json] [run -env $quick $seqgen build mixed.yaml -o mixed --target portable] \
        [run ./mixed train --epochs 1] [run $seqgen run mixed.yaml train --epochs 1 --save m.safetensors] [run ./mixed train --epochs 1 --quiet --json] \
        [run ./mixed eval --load m.safetensors]]
    lmap result $results {
        list [dict get $result code] [regexp -all {mixed\.csv:4: column "id": "a" begins again, after row 2: .* 2 values make 4 sequences; .*sort the file} [dict get $result err]] \
            [regexp {warning} [dict get $result out]]
    }
} {{0 1 0} {0 1 0} {0 1 0} {0 1 0} {0 1 0} {0 0 0} {0 0 0}}

# ---- early stop, best weights, log ----

test patience/best_kept {
    # Validation gets worse from the first epoch on: what is saved is the best, not the last
    put up.csv "x,y\n[join [lmap i {0 1 2 3 4 5 6 7 8 9} {string cat $i ,-50}] \n]\n"
    put down.csv "x,y\n[join [lmap i {0 1 2 3 4 5 6 7 8 9} {string cat $i ,50}] \n]\n"
    ran -env $quick $seqgen build line.yaml -o early --target portable --quiet --set name=early --set train.patience=2 \
        --set data.train=up.csv --set data.valid=down.csv
    set json [trainer early train --epochs 30 --lr 1e-3 --quiet --json --log early.csv --save e.safetensors]
    set losses [lmap row [table early.csv] {lindex $row 3}]
    set best [lindex [lsort -real $losses] 0]
    regexp {"valid":(\{.*?\})} $json -> valid
    list [json_number $json epochs] [json_number $json best_epoch] [regexp {"stopped_by":"patience"} $json] \
        [expr {abs([json_number $valid loss] - $best) < 1e-3 * $best}] [expr {[lindex $losses end] > $best}] \
        [expr {abs([json_number [trainer early eval --load e.safetensors --part valid --json] loss] - $best) < 1e-3 * $best}]
} {3 1 1 1 1 1}
test log/columns { lindex [split [text early.csv] \n] 0 } {epoch,step,loss,valid_loss,valid_rmse,valid_mae,valid_mape,seconds}

# ---- the test part is read first ----

put class.csv "text,label\nx,a\ny,c\n"
put header.csv "text,label\n"
foreach {file says} {class.csv {class\.csv:3: column "label": unknown class "c"} header.csv {header\.csv: no rows}} {
    foreach option {{} --quiet --json} {
        test test_first/$file$option {
            # No epoch, no file, and the same whatever is printed
            set result [run $seqgen run plain.yaml --set data.test=$file train --epochs 1 {*}$option --save first.safetensors]
            list [dict get $result code] [dict get $result out] [regexp $says [dict get $result err]] [regexp {epoch } [dict get $result err]] \
                [file exists first.safetensors]
        } {2 {} 1 0 0}
    }
}
test test_first/missing { # as before: a trainer may be moved to where there is only training data
    put gone.csv [text coin.csv]
    ran -env $quick $seqgen build plain.yaml -o gone --target portable --quiet --set data.test=gone.csv
    file delete gone.csv
    regexp {test} [trainer gone train --epochs 1 --quiet --json]
} 0

# ---- bce of values: they are chances, whichever file they come from ----

put chance.csv "x,y\n1,0.5\n2,1\n3,0\n4,0.25\n"
put beyond.csv "x,y\n1,0.5\n2,7\n"
put chance.yaml {seqgen: 1
name: chance
data: {train: chance.csv, input: {columns: [x], shape: [1, 1]}, target: {value: y}}
model: [{rnn: {hidden: 2}}, last, {linear: {out: targets}}]
train: {loss: bce, epochs: 1}
}
test bce/chances { verdict [run $seqgen run chance.yaml train --quiet --save chance.safetensors] } good
foreach {name words} {
    data {train --data beyond.csv} valid {train --valid beyond.csv} set_valid {train --set data.valid=beyond.csv}
    set_test {train --set data.test=beyond.csv} set_train {train --set data.train=beyond.csv} eval {eval --load chance.safetensors --data beyond.csv}
} {
    test bce/beyond_$name {
        set result [run $seqgen run chance.yaml {*}$words]
        list [dict get $result code] [regexp {beyond\.csv:3: column "y": 7; loss: bce expects numbers from 0 to 1\n} [dict get $result err]]
    } {2 1}
}
test bce/predict { llength [split [ran $seqgen run chance.yaml predict --load chance.safetensors --data beyond.csv --quiet] \n] } 4
