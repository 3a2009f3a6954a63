import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { useI18n } from "./i18n";
import { SignedIn } from "./shell/SignedIn";
import { Failed, Loading, Status } from "./ui/Status";
import { Toasts } from "./ui/toasts";

/** The text of a filter out of the address; what is empty is not in it. */
function words<const Names extends readonly string[]>(...names: Names) {
  return (search: Record<string, unknown>): { [N in Names[number]]?: string } => {
    const kept = names.flatMap((name) => {
      const value = search[name];
      return typeof value === "string" || typeof value === "number" ? [[name, String(value)] as const] : [];
    });
    return Object.fromEntries(kept.filter(([, value]) => value !== "")) as { [N in Names[number]]?: string };
  };
}

function NotFound() {
  const { t } = useI18n();
  return (
    <Status icon={Compass} title={t("error.notFound")} action={<Link to="/">{t("error.home")}</Link>}>
      {t("error.notFoundAbout")}
    </Status>
  );
}

const root = createRootRoute({
  component: () => (
    <>
      <Outlet />
      <Toasts />
    </>
  ),
  notFoundComponent: NotFound,
});

const docs = createRoute({
  getParentRoute: () => root,
  path: "/docs",
  component: lazyRouteComponent(() => import("./pages/docs/Docs")),
});
const invitation = createRoute({
  getParentRoute: () => root,
  path: "/invitation/$token",
  component: lazyRouteComponent(() => import("./pages/signin/Invitation")),
});

const app = createRoute({ getParentRoute: () => root, id: "app", component: SignedIn });

const overview = createRoute({
  getParentRoute: () => app,
  path: "/",
  validateSearch: words("period"),
  component: lazyRouteComponent(() => import("./pages/overview/Overview")),
});

const inboxSearch = words("search", "channel", "device_id", "state", "unread", "assigned");
const inbox = createRoute({
  getParentRoute: () => app,
  path: "/inbox",
  validateSearch: inboxSearch,
  component: lazyRouteComponent(() => import("./pages/inbox/Inbox")),
});
const conversation = createRoute({
  getParentRoute: () => app,
  path: "/inbox/$id",
  validateSearch: inboxSearch,
  component: lazyRouteComponent(() => import("./pages/inbox/Inbox")),
});

const devices = createRoute({
  getParentRoute: () => app,
  path: "/devices",
  component: lazyRouteComponent(() => import("./pages/devices/Devices")),
});
const addDevice = createRoute({
  getParentRoute: () => app,
  path: "/devices/new",
  validateSearch: words("channel"),
  component: lazyRouteComponent(() => import("./pages/devices/AddDevice")),
});
const device = createRoute({
  getParentRoute: () => app,
  path: "/devices/$id",
  component: lazyRouteComponent(() => import("./pages/devices/DevicePage")),
});

const broadcast = createRoute({
  getParentRoute: () => app,
  path: "/broadcast",
  beforeLoad: () => {
    throw redirect({ to: "/broadcast/templates" });
  },
});
const templates = createRoute({
  getParentRoute: () => app,
  path: "/broadcast/templates",
  component: lazyRouteComponent(() => import("./pages/broadcast/Templates")),
});
const template = createRoute({
  getParentRoute: () => app,
  path: "/broadcast/templates/$id",
  component: lazyRouteComponent(() => import("./pages/broadcast/TemplatePage")),
});

const developers = createRoute({
  getParentRoute: () => app,
  path: "/developers",
  component: lazyRouteComponent(() => import("./pages/developers/Developers")),
});
const keys = createRoute({
  getParentRoute: () => developers,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/developers/Keys")),
});
const webhooks = createRoute({
  getParentRoute: () => developers,
  path: "/webhooks",
  component: lazyRouteComponent(() => import("./pages/developers/Webhooks")),
});
const webhook = createRoute({
  getParentRoute: () => developers,
  path: "/webhooks/$id",
  validateSearch: words("state", "delivery"),
  component: lazyRouteComponent(() => import("./pages/developers/WebhookPage")),
});
const messages = createRoute({
  getParentRoute: () => developers,
  path: "/messages",
  validateSearch: words("search", "state", "direction", "channel", "device_id", "job", "message"),
  component: lazyRouteComponent(() => import("./pages/developers/Messages")),
});
const samples = createRoute({
  getParentRoute: () => developers,
  path: "/samples",
  validateSearch: words("request", "language", "device"),
  component: lazyRouteComponent(() => import("./pages/developers/Samples")),
});
const reference = createRoute({
  getParentRoute: () => developers,
  path: "/reference",
  component: lazyRouteComponent(() => import("./pages/docs/Reference")),
});

const settings = createRoute({
  getParentRoute: () => app,
  path: "/settings",
  component: lazyRouteComponent(() => import("./pages/settings/Settings")),
});
const workspace = createRoute({
  getParentRoute: () => settings,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/settings/Workspace")),
});
const account = createRoute({
  getParentRoute: () => settings,
  path: "/account",
  component: lazyRouteComponent(() => import("./pages/settings/Account")),
});
const channel = createRoute({
  getParentRoute: () => settings,
  path: "/channels/$channel",
  component: lazyRouteComponent(() => import("./pages/settings/ChannelSettings")),
});
const users = createRoute({
  getParentRoute: () => settings,
  path: "/users",
  component: lazyRouteComponent(() => import("./pages/settings/Users")),
});
const plan = createRoute({
  getParentRoute: () => settings,
  path: "/plan",
  component: lazyRouteComponent(() => import("./pages/settings/Plan")),
});
const addresses = createRoute({
  getParentRoute: () => settings,
  path: "/addresses",
  component: lazyRouteComponent(() => import("./pages/settings/Addresses")),
});
const audit = createRoute({
  getParentRoute: () => settings,
  path: "/audit",
  component: lazyRouteComponent(() => import("./pages/settings/Audit")),
});

const tree = root.addChildren([
  docs,
  invitation,
  app.addChildren([
    overview,
    inbox,
    conversation,
    devices,
    addDevice,
    device,
    broadcast,
    templates,
    template,
    developers.addChildren([keys, webhooks, webhook, messages, samples, reference]),
    settings.addChildren([workspace, account, channel, users, plan, addresses, audit]),
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: "intent",
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error, reset }) => <Failed error={error} retry={reset} />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
