# A schema with every reference put in its place, and with the descriptions of $descriptions ([{key, description}]) where they
# belong. Pure.
def inline($defs):
  if type == "object" then
    (if has("$ref") then ($defs[."$ref" | ltrimstr("#/$defs/")] | inline($defs)) + del(."$ref") else . end) | map_values(inline($defs))
  elif type == "array" then map(inline($defs))
  else . end;

def described($at; $words):
  if has("properties") then
    .properties |= with_entries(
      ($at + [.key] | join(".")) as $path
      | .value |= ((if $words[$path] then { description: $words[$path] } + . else . end) | described($path / "."; $words)))
  else . end;

($descriptions | map(select(. != null) | { key, value: .description }) | from_entries) as $words
| ."$defs" as $defs
| del(."$defs") | inline($defs) | described([]; $words)
