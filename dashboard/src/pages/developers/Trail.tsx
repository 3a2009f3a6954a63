import { Link } from "@tanstack/react-router";
import type { Delivery, MessageRequest } from "~/api/types";
import { DELIVERY_TONE } from "~/domain/message";
import { useI18n } from "~/i18n";
import { Code, pretty } from "~/ui/Code";
import { Notice } from "~/ui/Notice";
import { State } from "~/ui/State";
import { Ago } from "~/ui/Time";

interface Props {
  request: MessageRequest | null;
  /** Nothing for who may not see webhooks. */
  deliveries: Delivery[] | null;
}

/** Where a message came from, and whom it was told: the request as it came, and the webhooks it caused. */
export function Trail({ request, deliveries }: Props) {
  const { t } = useI18n();
  return (
    <>
      {request && (
        <section className="stack tight">
          <h3>{t("log.request")}</h3>
          <Code text={`POST ${request.path}\n\n${pretty(request.body)}`} label={t("log.request")} />
          {request.truncated && <Notice>{t("log.requestCut")}</Notice>}
        </section>
      )}
      {deliveries && (
        <section className="stack tight">
          <h3>{t("log.webhooks")}</h3>
          {deliveries.length === 0 && <p className="dim small">{t("log.noWebhooks")}</p>}
          <ul className="plain stack tight">
            {deliveries.map((delivery) => (
              <li key={delivery.id}>
                <Link
                  to="/developers/webhooks/$id"
                  params={{ id: delivery.endpoint_id }}
                  search={{ delivery: delivery.id }}
                >
                  {delivery.event}
                </Link>
                <span className="row wrap small dim">
                  <State tone={DELIVERY_TONE[delivery.state]} label={t(`deliveryState.${delivery.state}`)} />
                  <Outcome delivery={delivery} />
                  <Ago at={delivery.created_at} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** What its receiver last answered, or why it did not. */
function Outcome({ delivery: { last_status, last_error } }: { delivery: Delivery }) {
  const { word } = useI18n();
  if (last_status !== null) return <code>{last_status}</code>;
  return last_error && <span>{word(`deliveryError.${last_error}`)}</span>;
}
