//! HTTP: authentication, the /v1 API, OpenAPI. Translates, decides nothing.
