import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CheckCircle2, Circle } from "lucide-react";
import { checklistQuery } from "~/api/queries";
import type { Checklist } from "~/api/types";
import { useI18n } from "~/i18n";
import css from "./overview.module.css";

const STEPS: readonly { key: keyof Checklist; to: string }[] = [
  { key: "device_linked", to: "/devices/new" },
  { key: "key_used", to: "/developers" },
  { key: "message_delivered", to: "/developers/samples" },
  { key: "webhook_answered", to: "/developers/webhooks" },
];

/** What a newcomer does first; ticks itself as it really happens, and goes when all of it has. */
export function FirstSteps() {
  const { t } = useI18n();
  const { data } = useQuery(checklistQuery);
  if (!data || STEPS.every(({ key }) => data[key])) return null;
  return (
    <section className="card" aria-labelledby="first-steps">
      <h2 id="first-steps">{t("steps.title")}</h2>
      <ol className="plain">
        {STEPS.map(({ key, to }) => (
          <li key={key} className={css.step}>
            {data[key] ? (
              <CheckCircle2 size={18} className={css.done} aria-label={t("steps.done")} />
            ) : (
              <Circle size={18} className={css.todo} aria-label={t("steps.todo")} />
            )}
            <div>
              <Link to={to}>{t(`steps.${key}`)}</Link>
              <div className="small dim">{t(`stepAbout.${key}`)}</div>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
