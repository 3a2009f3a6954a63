import { AlertCircle, Ban, Check, CheckCheck, Clock, HelpCircle, type LucideIcon } from "lucide-react";
import type { MessageStatus } from "~/api/types";
import { useI18n } from "~/i18n";
import css from "./chat.module.css";

const LOOK: Record<MessageStatus, LucideIcon> = {
  queued: Clock,
  sending: Clock,
  sent: Check,
  delivered: CheckCheck,
  read: CheckCheck,
  failed: AlertCircle,
  unknown: HelpCircle,
  cancelled: Ban,
};

/** How far a message has come. */
export function Ticks({ state }: { state: MessageStatus }) {
  const { t } = useI18n();
  const Icon = LOOK[state];
  const tone = state === "read" ? css.read : state === "failed" || state === "unknown" ? css.bad : undefined;
  const label = t(`messageState.${state}`);
  return (
    <span className={tone} title={label} role="img" aria-label={label} data-state={state}>
      <Icon size={14} aria-hidden />
    </span>
  );
}
