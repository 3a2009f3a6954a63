import { SegmentedControl, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { devicesQuery } from "~/api/queries";
import type { Device } from "~/api/types";
import { SAMPLE_LANGUAGES } from "~/domain/samples/languages";
import { REQUESTS, type SampleRequest } from "~/domain/samples/requests";
import { useI18n } from "~/i18n";
import { Code } from "~/ui/Code";
import { Page } from "~/ui/Page";
import css from "./developers.module.css";

const route = getRouteApi("/app/developers/samples");
const NO_DEVICE = "";

/** Every request of the documentation as ready code, with the chosen device filled in. */
export default function Samples() {
  const { t } = useI18n();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const devices = useQuery(devicesQuery);
  const request = REQUESTS.find((each) => each.id === search.request) ?? REQUESTS[0];
  const language = SAMPLE_LANGUAGES.find((each) => each.id === search.language) ?? SAMPLE_LANGUAGES[0];
  if (!request || !language) return null;
  const fitting = (devices.data ?? []).filter((device) => request.channels.includes(device.channel));
  const device = fitting.find((each) => each.id === search.device);
  return (
    <Page title={t("samples.title")} about={t("samples.about")}>
      <div className={css.samples}>
        <nav className={css.sampleList} aria-label={t("samples.requests")}>
          {REQUESTS.map((each) => (
            <Link
              key={each.id}
              to="/developers/samples"
              search={(now) => ({ ...now, request: each.id })}
              className={css.sampleLink}
              data-chosen={each.id === request.id}
            >
              {t(each.name)}
            </Link>
          ))}
        </nav>
        <div className="stack">
          <div className="row wrap between">
            <SegmentedControl
              value={language.id}
              onChange={(value) => void navigate({ search: (now) => ({ ...now, language: value }), replace: true })}
              data={SAMPLE_LANGUAGES.map(({ id, name }) => ({ value: id, label: name }))}
            />
            <Select
              aria-label={t("samples.device")}
              data={[
                { value: NO_DEVICE, label: t("samples.anyDevice") },
                ...fitting.map(({ id, name }) => ({ value: id, label: name })),
              ]}
              value={device?.id ?? NO_DEVICE}
              onChange={(value) =>
                void navigate({ search: (now) => ({ ...now, device: value || undefined }), replace: true })
              }
            />
          </div>
          <code>POST {request.path}</code>
          <Code
            text={language.write({ url: `${location.origin}${request.path}`, body: withDevice(request, device) })}
            label={`${t(request.name)}, ${language.name}`}
          />
          <p className="small dim">{device?.sandbox ? t("samples.testKey") : t("samples.liveKey")}</p>
        </div>
      </div>
    </Page>
  );
}

function withDevice(request: SampleRequest, device: Device | undefined): Record<string, unknown> {
  if (!device) return request.body;
  const channel = "channel" in request.body ? { channel: device.channel } : {};
  return { ...request.body, ...channel, session_id: device.id };
}
