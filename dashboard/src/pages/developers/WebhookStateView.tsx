import type { Webhook } from "~/api/types";
import { WEBHOOK_TONE } from "~/domain/message";
import { useI18n } from "~/i18n";
import { State } from "~/ui/State";
import { Ago } from "~/ui/Time";

/** How an endpoint does; since when it has failed, where its state says that it fails or was switched off for it. */
export function WebhookStateView({ webhook }: { webhook: Webhook }) {
  const { t } = useI18n();
  const { state, failing_since } = webhook;
  return (
    <span className="row wrap tight">
      <State tone={WEBHOOK_TONE[state]} label={t(`webhookState.${state}`)} />
      {failing_since !== null && (state === "failing" || state === "disabled") && (
        <span className="small dim">
          {t("webhooks.failingSince")} <Ago at={failing_since} />
        </span>
      )}
    </span>
  );
}
