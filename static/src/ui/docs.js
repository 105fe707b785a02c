// The browsable API documentation: Swagger UI over the document the server itself generates.

/* global SwaggerUIBundle */

const description = new URL("api/v2/openapi.json", document.baseURI);

SwaggerUIBundle({
  url: description.href,
  dom_id: "#docs",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  // No third party is asked to validate anything: the page works offline.
  validatorUrl: null,
});
