# The mapping of manifests/json-program.yaml as one program, for jq and gojq.
.events[] | select(.cancelled | not) | {
  id: ("api-" + .id), title: (.name | split(", ")[0]), start: .starts_at, end: .ends_at,
  venue: (.venue.name + " (" + .venue.address.city + ")"),
  address: (.venue.address | [.street, .city, .state] | join(", ")), description,
  performers: [.performers[] | select(.rank < 2) | .name], url: .links.page, ticketUrl: .links.tickets,
  image: (.images[0].url // empty), priceMin: .price.min, priceMax: ([.price.max, .price.min] | max),
  categories: (.tags | map(ascii_upcase))
}
