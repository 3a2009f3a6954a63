import { AlertTriangle, Info } from "lucide-react";
import type { ReactNode } from "react";
import css from "./ui.module.css";

const LOOK = { info: "", warn: css.noticeWarn, bad: css.noticeBad };

export function Notice({ tone = "info", children }: { tone?: keyof typeof LOOK; children: ReactNode }) {
  const Icon = tone === "info" ? Info : AlertTriangle;
  return (
    <div className={`${css.notice} ${LOOK[tone]}`}>
      <Icon size={16} aria-hidden />
      <div className="grow">{children}</div>
    </div>
  );
}
