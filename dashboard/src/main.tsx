import "./theme/global.css";
import "@mantine/core/styles.layer.css";
import "virtual:theme.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { sessionQuery } from "./api/queries";
import { queries } from "./api/query";
import { I18n } from "./i18n";
import { router } from "./router";
import { theme } from "./theme/theme";

const FIRST_ZONE = "Asia/Jakarta";

function App() {
  const session = useQuery({ ...sessionQuery, enabled: false });
  return (
    <I18n timeZone={session.data?.workspace.time_zone ?? FIRST_ZONE}>
      <RouterProvider router={router} />
    </I18n>
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    {/* The theme's variables are a file: see vite.config.ts. */}
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
