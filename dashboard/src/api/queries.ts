/** Everything the pages read, with the key it is cached under. The first word of a key names the thing; `live/apply.ts` goes by it. */
import { queryOptions } from "@tanstack/react-query";
import { all, answer, api, page } from "./client";
import { ApiError } from "./errors";
import { listQuery } from "./query";
import type { paths } from "./schema";
import type { Delivery, MessageDetail, Period } from "./types";

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async () => {
    try {
      return await answer(api.GET("/v1/session"));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
});

/** What the list at a path can be narrowed to. */
type Filter<Path extends "/v1/messages" | "/v1/conversations"> = Omit<
  NonNullable<paths[Path]["get"]["parameters"]["query"]>,
  "limit" | "after"
>;

export const devicesQuery = queryOptions({
  queryKey: ["devices"],
  queryFn: () => all((query) => page(api.GET("/v1/devices", { params: { query } }))),
});
export const deviceQuery = (id: string) =>
  queryOptions({
    queryKey: ["devices", id],
    queryFn: () => answer(api.GET("/v1/devices/{id}", { params: { path: { id } } })),
  });
export const callbackQuery = (id: string) =>
  queryOptions({
    queryKey: ["callback", id],
    queryFn: () => answer(api.GET("/v1/devices/{id}/callback", { params: { path: { id } } })),
  });
export const capabilitiesQuery = (id: string) =>
  queryOptions({
    queryKey: ["capabilities", id],
    queryFn: () => answer(api.GET("/v1/devices/{id}/capabilities", { params: { path: { id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: () => all((query) => page(api.GET("/v1/api-keys", { params: { query } }))),
});

export const webhooksQuery = queryOptions({
  queryKey: ["webhooks"],
  queryFn: () => all((query) => page(api.GET("/v1/webhooks", { params: { query } }))),
});
export const webhookQuery = (id: string) =>
  queryOptions({
    queryKey: ["webhooks", id],
    queryFn: () => answer(api.GET("/v1/webhooks/{id}", { params: { path: { id } } })),
  });
export interface DeliveryFilter {
  state?: "pending" | "sending" | "delivered" | "failed";
  since?: string;
  until?: string;
}
export const deliveriesQuery = (id: string, filter: DeliveryFilter) =>
  listQuery(["deliveries", id, filter], (after) =>
    page(api.GET("/v1/webhooks/{id}/deliveries", { params: { path: { id }, query: { ...filter, limit: 50, after } } })),
  );
export const deliveryQuery = (id: string) =>
  queryOptions({
    queryKey: ["delivery", id],
    queryFn: () => answer(api.GET("/v1/deliveries/{id}", { params: { path: { id } } })),
  });

/** The stream does not tell how a webhook's delivery goes on: what is not finished is looked at again, in milliseconds. */
function underWay(message: { deliveries: Delivery[] | null } | undefined): number | false {
  return message?.deliveries?.some(({ state }) => state === "pending" || state === "sending") ? 3_000 : false;
}

export type MessageFilter = Filter<"/v1/messages">;
export const messagesQuery = (filter: MessageFilter) =>
  listQuery(
    ["messages", filter],
    (after) => page(api.GET("/v1/messages", { params: { query: { ...filter, limit: 50, after } } })),
    (message) => Date.parse(message.at),
  );
export const messageQuery = (id: string) =>
  queryOptions({
    queryKey: ["message", id],
    queryFn: async () => (await answer(api.GET("/v1/messages/{id}", { params: { path: { id } } }))) as MessageDetail,
    refetchInterval: ({ state }) => underWay(state.data),
  });
export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ["job", id],
    queryFn: () => answer(api.GET("/v1/jobs/{id}", { params: { path: { id } } })),
    refetchInterval: ({ state }) => underWay(state.data),
  });

export const templatesQuery = queryOptions({
  queryKey: ["templates"],
  queryFn: () => all((query) => page(api.GET("/v1/templates", { params: { query } }))),
});
/** Every approved template of every number: each account may have some hundreds, and they are searched here. */
export const officialTemplatesQuery = queryOptions({
  queryKey: ["official-templates"],
  queryFn: () => all((query) => page(api.GET("/v1/meta/templates", { params: { query } }))),
});
export const templateQuery = (id: number) =>
  queryOptions({
    queryKey: ["templates", id],
    queryFn: () => answer(api.GET("/v1/templates/{id}", { params: { path: { id } } })),
  });

export type ConversationFilter = Filter<"/v1/conversations">;
export const conversationsQuery = (filter: ConversationFilter) =>
  listQuery(
    ["conversations", filter],
    (after) => page(api.GET("/v1/conversations", { params: { query: { ...filter, limit: 50, after } } })),
    (conversation) => Date.parse(conversation.updated_at),
  );
export const conversationQuery = (id: string) =>
  queryOptions({
    queryKey: ["conversation", id],
    queryFn: () => answer(api.GET("/v1/conversations/{id}", { params: { path: { id } } })),
  });
/** Each page tells when it was asked for, by `performance.now()`: what was accepted before that is in it, or on an older one. */
export const chatQuery = (id: string) =>
  listQuery(["chat", id], async (after) => {
    const begun = performance.now();
    const params = { path: { id }, query: { limit: 50, after } };
    return { ...(await page(api.GET("/v1/conversations/{id}/messages", { params }))), begun };
  });
export const notesQuery = (id: string) =>
  queryOptions({
    queryKey: ["notes", id],
    queryFn: () => all((query) => page(api.GET("/v1/conversations/{id}/notes", { params: { path: { id }, query } }))),
  });
export const contactQuery = (id: string) =>
  queryOptions({
    queryKey: ["contact", id],
    queryFn: () => answer(api.GET("/v1/contacts/{id}", { params: { path: { id } } })),
  });

export const usageQuery = (period: Period) =>
  queryOptions({
    queryKey: ["usage", period],
    queryFn: () => answer(api.GET("/v1/usage", { params: { query: { period } } })),
    refetchInterval: 30_000,
  });
export const checklistQuery = queryOptions({
  queryKey: ["checklist"],
  queryFn: () => answer(api.GET("/v1/checklist")),
});

export const workspaceQuery = queryOptions({
  queryKey: ["workspace"],
  queryFn: () => answer(api.GET("/v1/workspace")),
});
export const planQuery = queryOptions({ queryKey: ["plan"], queryFn: () => answer(api.GET("/v1/plan")) });
export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: () => all((query) => page(api.GET("/v1/users", { params: { query } }))),
});
export const auditQuery = listQuery(["audit"], (after) =>
  page(api.GET("/v1/audit-log", { params: { query: { limit: 50, after } } })),
);
export const blockedIpsQuery = queryOptions({
  queryKey: ["blocked-ips"],
  queryFn: () => all((query) => page(api.GET("/v1/blocked-ips", { params: { query } }))),
});
export const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: ["invitation", token],
    queryFn: () => answer(api.GET("/v1/invitations/{token}", { params: { path: { token } } })),
    retry: false,
  });
