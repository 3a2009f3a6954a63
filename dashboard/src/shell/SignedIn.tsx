import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "~/api/queries";
import { SignIn } from "~/pages/signin/SignIn";
import { Failed, Loading } from "~/ui/Status";
import { Shell } from "./Shell";

/** The pages for those who are signed in, else the sign-in at the same address: after it one is where one wanted to be. */
export function SignedIn() {
  const session = useQuery(sessionQuery);
  if (session.data) return <Shell />;
  if (session.data === null) return <SignIn />;
  if (session.error) return <Failed error={session.error} retry={() => void session.refetch()} />;
  return <Loading />;
}
