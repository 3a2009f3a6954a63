/**
 * What the server's OpenAPI document does not describe yet, or says less exactly than the pages need (`direction`, the members of a
 * message's content), in the same shape. A path leaves this file when the document says as much.
 */
import type { components } from "./schema";

type Schemas = components["schemas"];
type Time = string;

export type Role = "owner" | "admin" | "agent";

export type Part =
  | "conversations"
  | "messages"
  | "templates"
  | "devices"
  | "keys"
  | "webhooks"
  | "usage"
  | "settings"
  | "users"
  | "audit"
  | "plan";

export interface Session {
  user: { id: string; email: string; name: string; role: Role; language: "id" | "en"; totp: boolean };
  workspace: { id: string; name: string; language: "id" | "en"; time_zone: string };
  csrf_token: string;
  permissions: Part[];
}

export interface User {
  id: string;
  email: string;
  name: string;
  role: Role;
  invited: boolean;
  invitation_ends_at: Time | null;
  totp: boolean;
  disabled: boolean;
  signed_in_at: Time | null;
  created_at: Time;
}

export interface Invitation {
  invitation_url: string;
  expires_at: Time;
}

export interface AuditEntry {
  id: string;
  actor: { kind: string; id: string | null; name: string };
  action: string;
  target: string | null;
  address: string | null;
  at: Time;
  detail: string | null;
}

export interface BlockedIp {
  id: string;
  range: string;
  note: string | null;
  created_at: Time;
}

/** What a message says; which members it has depends on its type. */
export interface Content {
  text?: string | null;
  caption?: string | null;
  title?: string | null;
  footer?: string | null;
  filename?: string | null;
  buttons?: Schemas["Button"][] | null;
  latitude?: number | null;
  longitude?: number | null;
  name?: string | null;
  contacts?: { name: string; phones: string[] }[] | null;
  emoji?: string | null;
  /** The `network_id` of the message that a reaction, an edit or a deletion is about. */
  message?: string | null;
  content?: Content | null;
  question?: string | null;
  options?: string[] | null;
}

export interface Conversation {
  id: string;
  channel: Schemas["Channel"];
  device_id: string;
  contact: { id: string | null; name: string | null; address: string };
  group: boolean;
  last_message: {
    text: string | null;
    type: Schemas["ContentType"];
    direction: "in" | "out";
    state: Schemas["MessageStatus"] | null;
    at: Time;
  } | null;
  unread: number;
  state: "open" | "resolved";
  assigned_to: string | null;
  window_until: Time | null;
  updated_at: Time;
}

export interface ChatMessage {
  id: string;
  job_id: string | null;
  direction: "in" | "out";
  echo: boolean;
  type: Schemas["ContentType"];
  content: Content;
  state: Schemas["MessageStatus"] | null;
  error: { code: string; message: string; provider_code: string | null } | null;
  sender: string | null;
  reply_to: string | null;
  network_id: string | null;
  media_url: string | null;
  at: Time;
}

export interface Note {
  id: string;
  text: string;
  author: string;
  at: Time;
}

export interface Contact {
  id: string;
  channel: Schemas["Channel"];
  address: string;
  name: string | null;
  profile_name: string | null;
  labels: string[];
  note: string | null;
  seen_at: Time | null;
  created_at: Time;
}

export interface LoggedMessage {
  id: string;
  job_id: string | null;
  direction: "in" | "out";
  channel: Schemas["Channel"];
  device_id: string;
  conversation_id: string | null;
  address: string;
  type: Schemas["ContentType"];
  text: string | null;
  state: Schemas["MessageStatus"] | null;
  attempts: number;
  error: { code: string; message: string } | null;
  at: Time;
}

export interface Figures {
  out: number;
  in: number;
  failed: number;
  success_rate: number | null;
}

export type Period = "24h" | "7d" | "30d";

export interface Usage extends Figures {
  previous: Figures;
  series: { at: Time; out: number; in: number; failed: number }[];
  latency_ms: { p50: number | null; p95: number | null };
  queue: { waiting: number; oldest_at: Time | null };
  devices: Record<string, number>;
  endpoints: Record<string, number>;
}

export interface Checklist {
  device_linked: boolean;
  key_used: boolean;
  message_delivered: boolean;
  webhook_answered: boolean;
}

type Failure = { content: { "application/json": Schemas["Failure"] } };
type Responses<Body> = { 200: { headers: object; content: { "application/json": Body } }; 401: Failure; 422: Failure };
type Parameters<Path, Query> = { path?: Path; query?: Query; header?: never; cookie?: never };
type One<D> = { success: boolean; message: string; data: D };
type Many<D> = { success: boolean; data: D[]; has_more: boolean; next_cursor: string | null };
type Paging = { limit?: number; after?: string };

type Get<D, Q = never, P = never> = { parameters: Parameters<P, Q>; responses: Responses<One<D>> };
type List<D, Q = object, P = never> = { parameters: Parameters<P, Q & Paging>; responses: Responses<Many<D>> };
type Act<D, B = never, P = never> = {
  parameters: Parameters<P, never>;
  requestBody?: { content: { "application/json": B } };
  responses: Responses<One<D>>;
};
type Id = { id: string };

export interface AgreedPaths {
  "/v1/session": {
    get: Get<Session>;
    post: Act<Session, { email: string; password: string; code?: string }>;
    patch: Act<Session, { name?: string; language?: "id" | "en" }>;
    delete: Act<object>;
  };
  "/v1/session/password": { post: Act<object, { current: string; new: string }> };
  "/v1/session/totp": {
    post: Act<{ secret: string; url: string; qr_svg: string }>;
    delete: Act<object, { password: string }>;
  };
  "/v1/session/totp/confirm": { post: Act<{ recovery_codes: string[] }, { code: string }> };
  "/v1/users": { get: List<User>; post: Act<User & Invitation, { email: string; role: Role }> };
  "/v1/users/{id}": { patch: Act<User, { role?: Role; disabled?: boolean }, Id>; delete: Act<object, never, Id> };
  "/v1/users/{id}/invite": { post: Act<Invitation, never, Id> };
  "/v1/invitations/{token}": {
    get: Get<{ email: string; workspace: string }, never, { token: string }>;
    post: Act<Session, { name: string; password: string }, { token: string }>;
  };
  "/v1/audit-log": { get: List<AuditEntry> };
  "/v1/blocked-ips": { get: List<BlockedIp>; post: Act<BlockedIp, { range: string; note?: string }> };
  "/v1/blocked-ips/{id}": { delete: Act<object, never, Id> };
  "/v1/conversations": {
    get: List<
      Conversation,
      {
        search?: string;
        channel?: string;
        device_id?: string;
        state?: "open" | "resolved";
        unread?: boolean;
        assigned?: string;
      }
    >;
  };
  "/v1/conversations/{id}": { get: Get<Conversation, never, Id> };
  "/v1/conversations/{id}/messages": { get: List<ChatMessage, object, Id> };
  "/v1/conversations/{id}/read": { post: Act<Conversation, never, Id> };
  "/v1/conversations/{id}/assign": { post: Act<Conversation, { user_id: string | null }, Id> };
  "/v1/conversations/{id}/resolve": { post: Act<Conversation, never, Id> };
  "/v1/conversations/{id}/reopen": { post: Act<Conversation, never, Id> };
  "/v1/conversations/{id}/notes": { get: List<Note, object, Id>; post: Act<Note, { text: string }, Id> };
  "/v1/contacts/{id}": {
    get: Get<Contact, never, Id>;
    patch: Act<Contact, { name?: string; labels?: string[]; note?: string }, Id>;
    delete: Act<object, never, Id>;
  };
  "/v1/usage": { get: Get<Usage, { period: Period }> };
  "/v1/checklist": { get: Get<Checklist> };
  "/v1/messages": {
    get: List<
      LoggedMessage,
      {
        search?: string;
        state?: string;
        direction?: "in" | "out";
        channel?: string;
        device_id?: string;
        since?: string;
        until?: string;
      }
    >;
  };
  "/v1/devices/{id}/phone": {
    post: Act<
      object,
      { from: string; type: "text" | "button"; text?: string; button_id?: string; message_id?: string },
      Id
    >;
  };
}
