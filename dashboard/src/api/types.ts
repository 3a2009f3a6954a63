import type { components } from "./schema";

type Schemas = components["schemas"];

export type ApiKey = Schemas["ApiKey"];
export type AuditEntry = Schemas["AuditEntry"];
export type BlockedIp = Schemas["BlockedRange"];
export type Button = Schemas["Button"];
export type Channel = Schemas["Channel"];
export type Checklist = Schemas["Checklist"];
export type Contact = Schemas["Contact"];
export type ContentType = Schemas["ContentType"];
export type Conversation = Schemas["Conversation"];
export type Delivery = Schemas["Delivery"];
export type DeliveryAttempt = Schemas["DeliveryAttempt"];
export type DeliveryDetail = Schemas["DeliveryDetail"];
export type DeliveryStatus = Schemas["DeliveryStatus"];
export type Device = Schemas["Device"];
export type DeviceState = Schemas["DeviceState"];
export type EventType = Schemas["EventType"];
export type FieldError = Schemas["FieldError"];
export type Figures = Schemas["UsageFigures"];
export type Invitation = Schemas["Invitation"];
export type Job = Schemas["Job"];
export type LinkMethod = Schemas["LinkMethod"];
export type LinkOutcome = Schemas["LinkOutcome"];
export type LoggedMessage = Schemas["LoggedMessage"];
export type MessageDetail = Omit<Schemas["MessageDetail"], "content"> & { content: Content };
export type MessageRequest = Schemas["MessageRequest"];
export type MessageStatus = Schemas["MessageStatus"];
export type NewTemplate = Schemas["NewTemplate"];
export type NextAction = Schemas["NextAction"];
export type Note = Schemas["Note"];
export type OfficialTemplate = Schemas["OfficialTemplate"];
export type Plan = Schemas["Plan"];
export type Receives = Schemas["Receives"];
export type Role = Schemas["Role"];
export type SendMessage = Schemas["SendMessage"];
export type StreamEvent = Schemas["Event"];
export type Template = Schemas["Template"];
export type UsePhone = Schemas["UsePhone"];
export type Usage = Schemas["Usage"];
export type User = Schemas["User"];
export type Webhook = Schemas["Webhook"];
export type WebhookState = Schemas["WebhookState"];
export type Workspace = Schemas["Workspace"];

/** The parts of the dashboard that a role may have, of `permissions`. */
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
export type Session = Schemas["Session"];
export type Period = "24h" | "7d" | "30d";

/** What a message says; which members it has depends on its type, so the document leaves them open. */
export interface Content {
  text?: string | null;
  caption?: string | null;
  title?: string | null;
  footer?: string | null;
  filename?: string | null;
  buttons?: Button[] | null;
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
export type ChatMessage = Omit<Schemas["InboxMessage"], "content" | "state_at"> & { content: Content };

export const CHANNELS: readonly Channel[] = ["whatsapp", "whatsapp-official", "telegram", "messenger", "instagram"];
