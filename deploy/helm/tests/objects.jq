# Every mapping of a schema that has a form of its own, as paths like those of keys.jq; not `global`, which is every chart's. Pure.
def objects_below($at):
  (select(has("properties")) | $at),
  ((.properties // {}) | to_entries[] | .key as $key | .value | objects_below($at + [$key])),
  (.items | objects | objects_below($at + ["0"])),
  (.additionalProperties | objects | objects_below($at + ["any"]));

[objects_below([]) | select(. != ["global"])]
