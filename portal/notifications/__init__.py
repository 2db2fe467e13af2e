"""What people are told of: in the portal and by mail, each as the person wishes."""
