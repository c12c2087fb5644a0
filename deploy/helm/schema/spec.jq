# The spec of a source as JSON Schema, from the schema of the CustomResourceDefinition; what `defaults` may supply is not
# required. Pure.
include "structural";

def without_required: del(.required) | if has("properties") then .properties |= map_values(without_required) else . end;

.properties.spec
| in_json_schema
| { partOfSpec: without_required, spec: (del(.required) | del(.properties.fetch.required)) }
