"use strict";

SwaggerUIBundle({
  url: "/schema",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  persistAuthorization: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  // Without this it asks another host for a picture that says whether the document is valid.
  validatorUrl: null,
});
