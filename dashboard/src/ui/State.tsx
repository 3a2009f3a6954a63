import { AlertTriangle, CheckCircle2, CircleDashed, CircleSlash, type LucideIcon, XCircle } from "lucide-react";
import css from "./ui.module.css";

export type Tone = "ok" | "busy" | "warn" | "bad" | "off";

const ICONS: Record<Tone, LucideIcon> = {
  ok: CheckCircle2,
  busy: CircleDashed,
  warn: AlertTriangle,
  bad: XCircle,
  off: CircleSlash,
};

/** A state: never by colour alone. */
export function State({ tone, label, icon }: { tone: Tone; label: string; icon?: LucideIcon }) {
  const Icon = icon ?? ICONS[tone];
  return (
    <span className={`${css.state} ${css[tone]}`}>
      <Icon size={14} aria-hidden />
      {label}
    </span>
  );
}
