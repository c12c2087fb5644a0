# From a structural schema of a CustomResourceDefinition to JSON Schema: unknown fields are refused. Pure.
def in_json_schema:
  if type != "object" then .
  else
    (if .nullable == true and has("type") then .type |= [., "null"] | if has("enum") then .enum += [null] else . end else . end)
    | (if (.properties | type) == "object" and (has("additionalProperties") | not) and ."x-kubernetes-preserve-unknown-fields" != true
        then .additionalProperties = false else . end)
    | with_entries(select(.key | IN("nullable", "format") or startswith("x-kubernetes-") | not))
    | (if has("properties") then .properties |= map_values(in_json_schema) else . end)
    | (if has("items") then .items |= in_json_schema else . end)
    | (if (.additionalProperties | type) == "object" then .additionalProperties |= in_json_schema else . end)
  end;
