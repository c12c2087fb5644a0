# The spec of a source as JSON Schema, from the structural schema of the CustomResourceDefinition: unknown fields are refused,
# and what `defaults` may supply is not required. Pure.
def in_json_schema:
  if type == "array" then map(in_json_schema)
  elif type != "object" then .
  else
    (if .nullable == true and has("type") then .type |= [., "null"] | if has("enum") then .enum += [null] else . end else . end)
    | (if (.properties | type) == "object" and (has("additionalProperties") | not) then .additionalProperties = false else . end)
    | with_entries(select(.key | IN("nullable", "format") or startswith("x-kubernetes-") | not))
    | (if has("properties") then .properties |= map_values(in_json_schema) else . end)
    | (if has("items") then .items |= in_json_schema else . end)
    | (if (.additionalProperties | type) == "object" then .additionalProperties |= in_json_schema else . end)
  end;

def without_required: del(.required) | if has("properties") then .properties |= map_values(without_required) else . end;

.properties.spec
| in_json_schema
| { partOfSpec: without_required, spec: (del(.required) | del(.properties.fetch.required)) }
