import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { themeCss } from "./src/theme/css.ts";

const THEME = "virtual:theme.css";

/** Mantine would write the theme's variables into a style tag at run time, which `style-src 'self'` forbids: a file of them instead. */
function staticTheme(): Plugin {
  return {
    name: "static-theme",
    resolveId: (id) => (id === THEME ? `\0${THEME}` : undefined),
    load: (id) => (id === `\0${THEME}` ? themeCss() : undefined),
  };
}

const server = process.env.CETAR_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), staticTheme()],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: {
    proxy: Object.fromEntries(["/v1", "/media", "/openapi.json"].map((path) => [path, { target: server }])),
  },
});
