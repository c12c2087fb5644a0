# Every key of a schema without references, as the path that Helm names in its messages: an item of a list is 0, an entry of a
# mapping with a form of its own is `any`. Pure.
def keys_below($at):
  ((.properties // {}) | to_entries[] | ($at + [.key]) as $path | $path, (.value | keys_below($path))),
  (.items | objects | ($at + ["0"]) as $path | $path, keys_below($path)),
  (.additionalProperties | objects | select(has("properties")) | ($at + ["any"]) as $path | $path, keys_below($path));

[keys_below([])]
