# table.awk budgets measurements: the table.  Ends with 1 when a row has no
# measurement; a budget that is missed is a word, not a failure.
BEGIN { FS = "[ \t]*[|\t][ \t]*" }
FNR == 1 { file++ }
file == 1 && !/^#/ {
    id[++n] = $1; what[$1] = $2; sense[$1] = $3; budget[$1] = $4
    stretch[$1] = $5; unit[$1] = $6; hard[$1] = $7
}
file == 2 { value[$1, $2] = $3 }

function shown(v, u) {
    if (v == "") return ""
    if (v + 0 == v) v = sprintf(v == int(v) ? "%d" : v < 10 ? "%.3f" : "%.1f", v)
    return v (u == "" ? "" : " " u)
}
function meets(v, s, b) {
    if (s == "<=") return v + 0 <= b + 0
    if (s == ">=") return v + 0 >= b + 0
    return v == b
}
function verdict(i, v,    by) {
    if (v == "") { unmeasured = 1; return "NOT MEASURED" }
    if (stretch[i] != "" && meets(v, sense[i], stretch[i]))
        return "meets, stretch too"
    if (meets(v, sense[i], budget[i])) return "meets"
    if (hard[i] != "") return "MISSES (hard)"
    by = sense[i] == "<=" ? v / budget[i] - 1 : 1 - v / budget[i]
    return sprintf("misses by %.1f %%", 100 * by)
}
function line(a, b, c, d, e, f, g) {
    printf "| %-75s | %-24s | %-9s | %-26s | %-7s | %-18s | %s |\n",
        a, b, c, d, e, f, g
}

END {
    line("what", "measured", "SoftHSM2", "budget", "stretch", "verdict", "note")
    line("---", "---", "---", "---", "---", "---", "---")
    for (k = 1; k <= n; k++) {
        i = id[k]
        if (sense[i] == "later") {
            later = later (later == "" ? "" : "; ") what[i]
            continue
        }
        v = value[i, "ours"]
        p = value[i, "softhsm"]
        line(what[i], shown(v, unit[i]),
            p == "" ? "-" : shown(p, unit[i]),
            (sense[i] == "=" ? "" : sense[i] " ") budget[i] \
                (hard[i] == "" ? "" : ", hard"),
            stretch[i] == "" ? "" : sense[i] " " stretch[i],
            verdict(i, v), value[i, "note"])
    }
    print "Not in this build: " later "."
    exit unmeasured
}
