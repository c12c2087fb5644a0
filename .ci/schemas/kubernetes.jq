# JSON Schemas of Kubernetes' kinds, one a line as {file, schema}, from the OpenAPI document of the API server. Each is whole, and
# refuses fields that do not exist. Pure.
def name: ltrimstr("#/definitions/");

# A field that is not there is refused; quantities and ports may be numbers.
def strict:
  if has("properties") and (has("additionalProperties") | not) then .additionalProperties = false else . end;

.definitions as $all
| ($all | map_values(
    if .format == "int-or-string" then { type: ["string", "integer"] }
    else strict end)
  | ."io.k8s.apimachinery.pkg.api.resource.Quantity" = { type: ["string", "number"] }
  # A CustomResourceDefinition's schema has fields with names such as x-kubernetes-validations.
  | with_entries(if .key | endswith(".JSONSchemaProps") then .value = { type: "object" } else . end)) as $strict
| ($strict | map_values([.. | objects | ."$ref"? // empty | name] | unique)) as $uses
| def reachable: . as $seen | ([.[] | $uses[.][]] + $seen | unique) as $more | if $more == $seen then $seen else $more | reachable end;
  $all | to_entries[]
  | .key as $key
  | .value."x-kubernetes-group-version-kind"[0]? as $kind
  | select($kind != null and (.value.properties.metadata."$ref" // "" | endswith(".ObjectMeta")))
  | {
      file: "\($kind.group | if . == "" then $kind.version else . end)/\($kind.kind | ascii_downcase)_\($kind.version).json",
      schema: { "$ref": "#/definitions/\($key)", definitions: ([$key] | reachable | map({ key: ., value: $strict[.] }) | from_entries) }
    }
