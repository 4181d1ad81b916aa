"use strict";
// Nothing is sent elsewhere: no validator, and no token is kept when the page is closed.
SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#description",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
