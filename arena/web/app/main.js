/** The app begins here. */

import "./components/app.js"
import { install } from "./lib/router.js"
import { listen } from "./wallet/standard.js"
import { resume } from "./wallet/session.js"

install()
listen()
void resume()
