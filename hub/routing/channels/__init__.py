"""The ways out of the hub: e-mail, SMS, MSSanté. Channels do not know each other."""
