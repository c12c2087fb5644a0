# The mapping of manifests/json-paths.yaml as one program, for jq and gojq.
.events[] | {
  id, title: .name, start: .starts_at, end: .ends_at, venue: .venue.name, address: .venue.address.street, description,
  url: .links.page, ticketUrl: .links.tickets, image: .images[0].url, priceMin: .price.min, priceMax: .price.max,
  currency: .price.currency, categories: .tags
}
