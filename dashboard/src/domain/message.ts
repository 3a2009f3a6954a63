import type { DeliveryStatus, MessageStatus, WebhookState } from "~/api/types";
import type { Tone } from "~/ui/State";

export const MESSAGE_TONE: Record<MessageStatus, Tone> = {
  queued: "busy",
  sending: "busy",
  sent: "ok",
  delivered: "ok",
  read: "ok",
  failed: "bad",
  unknown: "warn",
  cancelled: "off",
};

export const MESSAGE_STATES = Object.keys(MESSAGE_TONE) as MessageStatus[];

export const DELIVERY_TONE: Record<DeliveryStatus, Tone> = {
  pending: "busy",
  sending: "busy",
  delivered: "ok",
  failed: "bad",
};

export const WEBHOOK_TONE: Record<WebhookState, Tone> = {
  active: "ok",
  failing: "warn",
  paused: "off",
  disabled: "bad",
};
