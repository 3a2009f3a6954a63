import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { templateQuery } from "~/api/queries";
import { Gate } from "~/ui/Gate";
import { Loaded } from "~/ui/Status";
import { Designer } from "./Designer";

const route = getRouteApi("/app/broadcast/templates/$id");

export default function TemplatePage() {
  const { id } = route.useParams();
  return <Gate part="settings">{id === "new" ? <Designer /> : <Existing id={Number(id)} />}</Gate>;
}

function Existing({ id }: { id: number }) {
  const template = useQuery(templateQuery(id));
  return <Loaded query={template}>{(found) => <Designer key={found.id} template={found} />}</Loaded>;
}
