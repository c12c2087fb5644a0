# JSON Schemas of the kinds of a CustomResourceDefinition, one a line as {file, schema}. Pure.
include "structural";

.spec as $spec
| $spec.versions[]
| {
    file: "\($spec.group)/\($spec.names.kind | ascii_downcase)_\(.name).json",
    schema: (.schema.openAPIV3Schema | in_json_schema
      | .properties += { apiVersion: { type: "string" }, kind: { type: "string" }, metadata: { type: "object" } })
  }
