import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus, Smartphone } from "lucide-react";
import { devicesQuery } from "~/api/queries";
import type { Device } from "~/api/types";
import { grouped } from "~/domain/address";
import { CHANNEL } from "~/domain/channels";
import { useI18n } from "~/i18n";
import { Gate } from "~/ui/Gate";
import { Page } from "~/ui/Page";
import { Loaded, Status } from "~/ui/Status";
import { Ago } from "~/ui/Time";
import { DeviceStateView } from "./DeviceStateView";
import css from "./devices.module.css";

export default function Devices() {
  return (
    <Gate part="devices">
      <List />
    </Gate>
  );
}

function List() {
  const { t } = useI18n();
  const devices = useQuery(devicesQuery);
  const add = (
    <Button component={Link} to="/devices/new" leftSection={<Plus size={16} />}>
      {t("devices.add")}
    </Button>
  );
  return (
    <Page title={t("nav.devices")} about={t("devices.about")} actions={add}>
      <Loaded query={devices}>
        {(all) =>
          all.length === 0 ? (
            <Status icon={Smartphone} title={t("devices.none")} action={add}>
              {t("devices.noneAbout")}
            </Status>
          ) : (
            <ul className={`${css.list} plain`}>
              {all.map((device) => (
                <li key={device.id}>
                  <Row device={device} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}

function Row({ device }: { device: Device }) {
  const { t } = useI18n();
  const channel = CHANNEL[device.channel];
  return (
    <Link to="/devices/$id" params={{ id: device.id }} className={css.device}>
      <span className={css.icon}>
        <channel.icon size={18} aria-hidden />
      </span>
      <span className="stack tight">
        <span className="row wrap">
          <strong>{device.name}</strong>
          <span className="dim">
            {channel.name}
            {device.sandbox && ` · ${t("devices.sandbox")}`}
          </span>
        </span>
        <span className="small dim">
          {device.message ??
            (device.last_frame_at ? (
              <>
                {t("devices.lastFrame")} <Ago at={device.last_frame_at} />
              </>
            ) : (
              t("devices.neverHeard")
            ))}
          {device.address && ` · ${grouped(device.address, device.channel)}`}
        </span>
      </span>
      <DeviceStateView device={device} />
    </Link>
  );
}
