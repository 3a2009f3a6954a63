import type { components } from "./schema";

type Schemas = components["schemas"];

export type ApiKey = Schemas["ApiKey"];
export type Button = Schemas["Button"];
export type Channel = Schemas["Channel"];
export type ContentType = Schemas["ContentType"];
export type Delivery = Schemas["Delivery"];
export type DeliveryAttempt = Schemas["DeliveryAttempt"];
export type DeliveryDetail = Schemas["DeliveryDetail"];
export type DeliveryStatus = Schemas["DeliveryStatus"];
export type Device = Schemas["Device"];
export type DeviceState = Schemas["DeviceState"];
export type EventType = Schemas["EventType"];
export type FieldError = Schemas["FieldError"];
export type Job = Schemas["Job"];
export type LinkMethod = Schemas["LinkMethod"];
export type MessageStatus = Schemas["MessageStatus"];
export type NewTemplate = Schemas["NewTemplate"];
export type NextAction = Schemas["NextAction"];
export type Plan = Schemas["Plan"];
export type SendMessage = Schemas["SendMessage"];
export type StreamEvent = Schemas["Event"];
export type Template = Schemas["Template"];
export type Webhook = Schemas["Webhook"];
export type WebhookState = Schemas["WebhookState"];
export * from "./agreed";

export const CHANNELS: readonly Channel[] = ["whatsapp", "whatsapp-official", "telegram", "messenger", "instagram"];
