# The keys of a schema that nothing describes, neither their own words nor those of what they are in. Pure.
def undescribed($at):
  if has("description") then empty
  elif has("properties") then .properties | to_entries[] | .key as $key | .value | undescribed($at + [$key])
  else $at | join(".") end;

undescribed([])
