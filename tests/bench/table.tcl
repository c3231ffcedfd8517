# table.tcl: rows as tables on the terminal, as results.tsv, as roofline.svg.
#
# Takes: rows of measure.tcl. Gives: text and files. Does not: measure.

proc have {row key} { return [expr {[dict exists $row $key] && [dict get $row $key] ne ""}] }

# No expr: it makes 1.1 of 1.10
proc cell {row key format} { if {[have $row $key]} { return [format $format [dict get $row $key]] } else { return - } }

proc percent {row key} { return [expr {[have $row $key] ? [format %.0f%% [expr {100 * [dict get $row $key]}]] : "-"}] }

# A time in the row's unit
proc shown {row ns} {
    set value [expr {$ns / [dict get $row scale]}]
    return [format [expr {$value < 10 ? "%.3f" : $value < 100 ? "%.2f" : "%.1f"}] $value]
}

proc table_columns {columns rows} {
    set widths [lmap word $columns {string length $word}]
    foreach row $rows {
        set widths [lmap width $widths word $row {expr {max($width, [string length $word])}}]
    }
    foreach row [list $columns {*}$rows] {
        puts [string trimright "  [join [lmap word $row width $widths {format %-*s $width $word}] {  }]"]
    }
}

proc table_print {group rows} {
    if {![llength $rows]} return
    puts "\n$group"
    if {$group eq "size"} {
        return [table_columns {case lines source code generate compile} [lmap r $rows {
            list [dict get $r case] [dict get $r lines] "[dict get $r source] B" "[dict get $r code] B" [cell $r made "%.3f s"] [cell $r compiled "%.2f s"]}]]
    }
    table_columns {case ours peer its ratio goal lowest highest GFLOP/s "of peak" "in cycles" goal "time goal" "quoted, scaled" "at least, by"} [lmap r $rows {table_row $r}]
}

# What was quoted in nanoseconds of another core, for one with the peak of this run
proc scaled {row key} {
    if {![have $row $key]} { return - }
    return [format %.0f [expr {[dict get $row $key] * $::quoted_peak / [dict get $row peak]}]]
}

proc rate {row} { return [expr {[have $row flops] ? [dict get $row flops] / [dict get $row ours] : 0}] }

proc table_row {row} {
    set time [shown $row [dict get $row ours]]
    set theirs [expr {[have $row theirs] ? "[shown $row [dict get $row theirs]]" : "-"}]
    return [list [dict get $row case] "$time [dict get $row unit]" [cell $row peer %s] $theirs [cell $row ratio %.2f] [cell $row ratio_goal %s] \
        [cell $row low %.2f] [cell $row high %.2f] [expr {[have $row flops] ? [format %.1f [rate $row]] : "-"}] [percent $row share] [percent $row in_cycles] [percent $row share_goal] \
        [scaled $row time_goal] [scaled $row quoted] [expr {[have $row limit] ? "[shown $row [dict get $row limit]] [dict get $row limit_by]" : "-"}]]
}

# Times in nanoseconds of one call; of infer that is a sequence, and goal and quoted figure are of a step
set table_keys {group case ours peer theirs ratio low high ratio_goal share in_cycles share_goal time_goal quoted scale flops bytes peak limit limit_by lines source code made compiled}

proc table_write {path} {
    set lines [list [join $::table_keys \t]]
    foreach row $::rows { lappend lines [join [lmap key $::table_keys {expr {[have $row $key] ? [dict get $row $key] : ""}}] \t] }
    put $path [join $lines \n]\n
}

# ---- roofline ----

set roofline_head {set terminal svg size 900,560 font 'Arial,13' rounded noenhanced
set output '%s'
set logscale xy
set xlabel 'FLOP a byte that passes between core and cache'
set ylabel 'GFLOP/s'
set xrange [0.1:400]
set yrange [10:%g]
set key inside right bottom
set grid
peak = %g
near = %g
far = %g
roof(b, x) = b * x < peak ? b * x : peak
}

# A point each kernel whose traffic is known
proc roofline_write {path} {
    set blocks {}
    set plots [list {roof(near, x) title sprintf('FMA peak %.0f GFLOP/s, half a megabyte %.0f GB/s', peak, near) lw 2 lc rgb '#444444'} \
        {roof(far, x) title sprintf('memory %.0f GB/s', far) lw 2 dt 2 lc rgb '#888888'}]
    # whose labels stand where, in which colour: those of one sequence and of streaming are at one place of the axis
    foreach {group side colour} {lstm {offset 0.7,0 left} #1b6ca8 infer {offset 0.8,0 left} #c0392b stream {offset -0.8,0 right} #2e8b57} {
        set points [lmap row $::rows {
            if {[dict get $row group] ne $group || ![have $row bytes]} continue
            set name [expr {[string match *,I=* [dict get $row case]] ? "" : [regsub {,T=.*} [dict get $row case] {}]}] ;# sizes beside multiples of 16: too close
            format "%g %g \"%s\"" [expr {[dict get $row flops] / [dict get $row bytes]}] [rate $row] $name
        }]
        if {![llength $points]} continue
        append blocks "\$$group << EOD\n[join [lsort -unique $points] \n]\nEOD\n"
        lappend plots "\$$group using 1:2:3 with labels noenhanced point pt 7 lc rgb '$colour' textcolor rgb '$colour' $side font ',9' title '$group'"
    }
    if {$blocks eq ""} return
    set peak [median [lmap row $::rows {if {![have $row peak]} continue; dict get $row peak}]]
    set script [format $::roofline_head $path [expr {1.5 * $peak}] $peak {*}[lrange $::limits 2 3]]${blocks}plot\ [join $plots ", \\\n"]\n
    if {[catch {exec gnuplot << $script 2>@1} message]} {
        puts "roofline.svg is left out: [lindex [split $message \n] 0]"
    } else {
        puts "roofline: $path"
    }
}
