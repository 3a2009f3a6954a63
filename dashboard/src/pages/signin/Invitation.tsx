import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { answer, api, carried } from "~/api/client";
import { invitationQuery, sessionQuery } from "~/api/queries";
import { useI18n } from "~/i18n";
import { Notice } from "~/ui/Notice";
import { Loaded } from "~/ui/Status";
import { said } from "~/ui/said";
import { useFields } from "~/ui/useFields";
import { Door } from "./Door";

const route = getRouteApi("/invitation/$token");

/** Where an invitation's link leads: choose a name and a password. */
export default function Invitation() {
  const { t } = useI18n();
  const { token } = route.useParams();
  const invitation = useQuery(invitationQuery(token));
  return (
    <Door title={t("signin.invitation")}>
      <Loaded query={invitation}>
        {({ email, workspace }) => (
          <>
            <p>{t("signin.invited", { email, workspace })}</p>
            <Accept token={token} />
          </>
        )}
      </Loaded>
    </Door>
  );
}

function Accept({ token }: { token: string }) {
  const { t, language } = useI18n();
  const client = useQueryClient();
  const navigate = useNavigate();
  const form = useFields({ name: "", password: "" });
  const [told, setTold] = useState(false);
  const accept = useMutation({
    mutationFn: () => answer(api.POST("/v1/invitations/{token}", { params: { path: { token } }, body: form.values })),
    onSuccess: (session) => {
      client.setQueryData(sessionQuery.queryKey, session);
      carried.csrf = session.csrf_token;
      void answer(api.PATCH("/v1/session", { body: { language } })).catch(() => undefined);
      void navigate({ to: "/" });
    },
    onError: (error) => setTold(form.failed(error)),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    accept.mutate();
  }
  return (
    <form className="stack" onSubmit={submit}>
      <TextInput label={t("signin.name")} {...form.text("name")} autoComplete="name" required autoFocus />
      <PasswordInput
        label={t("signin.newPassword")}
        description={t("signin.passwordRule")}
        {...form.text("password")}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ "aria-label": t("signin.showPassword") }}
        required
      />
      {accept.error && !told && <Notice tone="bad">{said(accept.error, t)}</Notice>}
      <Button type="submit" loading={accept.isPending}>
        {t("signin.accept")}
      </Button>
    </form>
  );
}
