"""The guarded road to SIP servers: it asks OPTIONS and REGISTER, places no call and changes no registration."""
