import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { AlertTriangle, CloudOff } from "lucide-react";
import { devicesQuery, webhooksQuery } from "~/api/queries";
import { needsPerson } from "~/domain/device";
import { useI18n } from "~/i18n";
import { useConnected } from "~/live/stream";
import { useMay } from "./session";
import css from "./shell.module.css";

/** What needs a person now: at most one thing, the worst. */
export function Banner() {
  const { t } = useI18n();
  const connected = useConnected();
  const devices = useQuery({ ...devicesQuery, enabled: useMay("devices") });
  const webhooks = useQuery({ ...webhooksQuery, enabled: useMay("webhooks") });

  if (!connected)
    return (
      <div className={`${css.banner} ${css.bannerBad}`} role="alert">
        <CloudOff size={16} aria-hidden />
        <span className="grow">{t("banner.offline")}</span>
      </div>
    );
  const device = devices.data?.find(needsPerson);
  if (device)
    return (
      <div className={css.banner} role="status">
        <AlertTriangle size={16} aria-hidden />
        <span className="grow">{device.message ?? t("banner.device", { name: device.name })}</span>
        <Button size="xs" variant="default" component={Link} to={`/devices/${device.id}`}>
          {device.name}
        </Button>
      </div>
    );
  const webhook = webhooks.data?.find((each) => each.state === "disabled");
  if (webhook)
    return (
      <div className={css.banner} role="status">
        <AlertTriangle size={16} aria-hidden />
        <span className="grow">{t("banner.webhook", { url: webhook.url })}</span>
        <Button size="xs" variant="default" component={Link} to={`/developers/webhooks/${webhook.id}`}>
          {t("common.show")}
        </Button>
      </div>
    );
  return null;
}
