# From {path: value} to values of a chart: those paths that are $depth long, or all for null. Pure.
to_entries
| map(.path = (.key | ltrimstr("/") | split("/") | map(if . == "0" then 0 else . end)))
| map(select($depth == null or (.path | length) == $depth))
| reduce .[] as $bad (null; setpath($bad.path; $bad.value))
