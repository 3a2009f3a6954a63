import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { devicesQuery, webhooksQuery } from "~/api/queries";
import { deviceTone } from "~/domain/device";
import { useI18n } from "~/i18n";
import { Loaded } from "~/ui/Status";
import { WebhookStateView } from "../developers/WebhookStateView";
import { DeviceStateView } from "../devices/DeviceStateView";
import css from "./overview.module.css";

/** Devices and endpoints, those that need somebody first. */
export function Attention() {
  const { t } = useI18n();
  const devices = useQuery(devicesQuery);
  const webhooks = useQuery(webhooksQuery);
  return (
    <div className={css.halves}>
      <section className="card stack">
        <h2>{t("nav.devices")}</h2>
        <Loaded query={devices}>
          {(all) =>
            all.length === 0 ? (
              <p className="dim">{t("devices.none")}</p>
            ) : (
              all
                .toSorted((a, b) => Number(deviceTone(a) === "ok") - Number(deviceTone(b) === "ok"))
                .map((device) => (
                  <div key={device.id} className="row between">
                    <Link to="/devices/$id" params={{ id: device.id }} className="cut">
                      {device.name}
                    </Link>
                    <DeviceStateView device={device} />
                  </div>
                ))
            )
          }
        </Loaded>
      </section>
      <section className="card stack">
        <h2>{t("webhooks.title")}</h2>
        <Loaded query={webhooks}>
          {(all) =>
            all.length === 0 ? (
              <p className="dim">
                {t("webhooks.none")} <Link to="/developers/webhooks">{t("webhooks.add")}</Link>
              </p>
            ) : (
              all.map((webhook) => (
                <div key={webhook.id} className="row between">
                  <Link to="/developers/webhooks/$id" params={{ id: webhook.id }} className="cut">
                    {webhook.url}
                  </Link>
                  <WebhookStateView webhook={webhook} />
                </div>
              ))
            )
          }
        </Loaded>
      </section>
    </div>
  );
}
